// The answers that the page holds, in compressed parts, which are read when a reader opens the section.
const id = (name) => document.getElementById(name), head = JSON.parse(id("answers--head").textContent);
const items = [], answers = [];
const inflated = async (name) => {
	const text = atob(id(name).textContent), bytes = new Uint8Array(text.length);
	for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
	return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
};
const cut = (text) => (Array.isArray(text) ? text[0] : text); // a text that is cut comes with the characters that are kept and those of the whole
const read = async (name) => {
	const part = await inflated(name), first = items.length;
	for (const [task, domain, document, key, keyLabel, prompts] of part.items) {
		const text = `${prompts.map(cut).join("\n")}\n${cut(key) ?? ""}`.toLowerCase();
		items.push({ task, domain, document, key, keyLabel, prompts, text, place: items.length, answers: [], name: `${head.tasks[task]}/${document}` });
	}
	for (const [place, system, repeat, outcome, label, score, seconds, latency, joules, energy, tokens, prompt, output, filtered, failure, verdict = null, said = null, judged = -1] of part.answers) {
		const item = items[first + place], text = `${cut(output) ?? ""}\n${cut(filtered) ?? ""}`.toLowerCase();
		const answer = { item, system, repeat, outcome, label, score, seconds, latency, joules, energy, tokens, prompt, output, filtered, failure, verdict, said, judged, text };
		answers.push(answer);
		item.answers.push(answer);
	}
};
let reading = null;
const loaded = () => (reading ??= (async () => {
	for (let k = 0; k < head.parts; k++) await read(`answers--part-${k}`);
})());

// What the page carries, and the arithmetic that everything uses.
const id = (name) => document.getElementById(name), all = (query) => [...document.querySelectorAll(query)], form = id("what-if-form");
const data = JSON.parse(id("what-if-data").textContent);
const { basis, totals, carbon, workload: usual, verdict, texts, domains, systems, pairs } = data;
const { z, tail, alpha, student, listed: most, named: few, seconds: TIME, weighed: WEIGHED } = data.constants;
const say = data.phrases, NONE = "–", KWH = 3600000, D = domains.length, S = systems.length;
const { min, max, abs, sqrt, exp, log } = Math, range = (n) => {
	const all = [];
	for (let k = 0; k < n; k++) all.push(k);
	return all;
};
const sum = (n, each) => { // a loop: this is called for each draw
	let total = 0;
	for (let k = 0; k < n; k++) total += each(k);
	return total;
};
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const draws = {}, grids = [], seconds = new Float32Array(bytes(data.latency.seconds));
const rows = (text) => { // shape (blocks, domains, systems)
	const flat = new Float64Array(bytes(text));
	return range(flat.length / (D * S)).map((r) => range(D).map((d) => flat.subarray((r * D + d) * S, (r * D + d + 1) * S)));
};
const blocks = data.blocks && Object.fromEntries(Object.entries(data.blocks).map(([kind, text]) => [kind, rows(text)]));
const R = data.draw_count;
let at = 0;
for (const [kind, carried] of Object.entries(data.draws)) {
	const { low, step, codes } = typeof carried === "string" ? data.draws[carried] : carried, own = new Uint16Array(bytes(codes));
	draws[kind] = own.length ? (r, d, s) => low[d][s] + own[(r * D + d) * S + s] * step[d][s] : (r, d, s) => low[d][s];
}
for (const length of data.latency.lengths) grids.push(seconds.subarray(at, (at += length)));

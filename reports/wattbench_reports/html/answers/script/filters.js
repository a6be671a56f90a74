// Which answers are shown: a list of filters, a search and an order, all of them in the fragment of the address.
const FILTERS = [ // to add one: its name in the address, its label, its choices, and the number of an answer's choice
	{ name: "system", label: "System", choices: head.systems, of: ({ system }) => system },
	{ name: "domain", label: "Domain", choices: head.domains, of: ({ item }) => item.domain },
	{ name: "task", label: "Task", choices: head.tasks, of: ({ item }) => item.task },
	{ name: "outcome", label: "Outcome", choices: head.outcomes, of: ({ outcome }) => outcome },
	{ name: "judged", label: "Judged", choices: head.judged, of: ({ judged }) => judged },
	{ name: "key", label: "Key", choices: head.labels.slice(0, -1), of: ({ item }) => item.keyLabel },
	{ name: "label", label: "Answered label", choices: head.labels, of: ({ label }) => label },
];
const ORDERS = {
	"": { label: "as in the suite" },
	slow: { label: "slowest first", of: ({ seconds }) => seconds },
	joules: { label: "most joules first", of: ({ joules }) => joules },
	tokens: { label: "most tokens first", of: ({ tokens }) => tokens },
	length: { label: "longest first", of: ({ output }) => (Array.isArray(output) ? output[2] : output?.length ?? null) },
};
const NAMES = [...FILTERS.map(({ name }) => name), "flipped", "against", "search", "order"];
const stateOf = (fragment) => { // null: the fragment is of another part of the page
	const named = new URLSearchParams(fragment.replace(/^#/, "").replaceAll("+", "%2B"));
	if (!named.has("answers") && !named.has("answer")) return null;
	return Object.fromEntries([...named].filter(([name, value]) => name !== "answers" && value !== ""));
};
const fragmentOf = (state) => {
	const named = Object.entries(state).filter(([, value]) => value).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
	return `#${(state.answer ? named : ["answers", ...named]).join("&")}`;
};
const right = (item, system) => { // as the rest of the page: the mean of its repeats is at least one half; null: no score
	const scores = item.answers.filter((each) => each.system === system && each.score !== null).map(({ score }) => score);
	return scores.length ? scores.reduce((sum, each) => sum + each, 0) / scores.length >= 0.5 : null;
};
const flippedItems = (one, other) => {
	const flipped = new Set();
	for (const item of items) {
		const [first, second] = [right(item, one), right(item, other)];
		if (first !== null && second !== null && first !== second) flipped.add(item);
	}
	return flipped;
};
const pairs = new Map();
const pairOf = (state) => {
	const [one, other] = [state.flipped, state.against].map((name) => head.systems.indexOf(name));
	return one < 0 || other < 0 || one === other ? null : [one, other];
};
const orders = new Map();
const ordered = (order = "") => { // all answers, sorted once for each order
	const { of } = ORDERS[order] ?? {};
	if (!of) return answers;
	if (!orders.has(order)) {
		const keyed = answers.map((answer) => [of(answer) ?? -Infinity, answer]);
		orders.set(order, keyed.sort(([one], [other]) => (one === other ? 0 : other - one)).map(([, answer]) => answer));
	}
	return orders.get(order);
};
const shownAnswers = (state) => {
	const tests = FILTERS.filter(({ name }) => state[name]).map(({ name, choices, of }) => {
		const wanted = choices.indexOf(state[name]);
		return (answer) => of(answer) === wanted;
	});
	const pair = pairOf(state);
	if (pair) {
		const name = pair.join();
		if (!pairs.has(name)) pairs.set(name, flippedItems(...pair));
		tests.push(({ item, system }) => pair.includes(system) && pairs.get(name).has(item));
	}
	const search = (state.search ?? "").toLowerCase();
	if (search) {
		const known = new Map();
		const inItem = (item) => {
			if (!known.has(item)) known.set(item, item.text.includes(search));
			return known.get(item);
		};
		tests.push((answer) => inItem(answer.item) || answer.text.includes(search));
	}
	return ordered(state.order).filter((answer) => tests.every((test) => test(answer)));
};

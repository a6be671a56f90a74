// One item to read: its prompt and key, and the answers of two systems next to each other with what differs marked.
const labelled = (label, text, last = false) => {
	if (!Array.isArray(text)) return text === "" ? `${label} (empty)` : label;
	const [kept, whole] = text.slice(1).map((characters) => characters.toLocaleString("en-US"));
	return `${label} (the ${last ? "last" : "first"} ${kept} of ${whole} characters)`;
};
const quoted = (label, text, { parts = null, last = false } = {}) => {
	if (text === null) return [];
	const long = cut(text).length > 1500 || cut(text).split("\n").length > 20; // scrolls in a box, which a keyboard reaches
	const box = long ? { class: "quote long", tabindex: "0" } : { class: "quote" };
	return [made("p", { class: "label" }, labelled(label, text, last)), made("pre", box, ...(parts ?? [cut(text)]))];
};
const factsOf = ({ latency, energy, tokens, score, outcome, verdict, said }) => [
	...(verdict === null ? [] : [`judge's opinion ${share(verdict)}`]), ...(said === null ? [] : [`label ${share(said)}`]),
	latency, energy, ...(tokens === null ? [] : [`${tokens} token${tokens === 1 ? "" : "s"}`]), ...(outcome < 2 && score !== 0 && score !== 1 ? [`score ${score}`] : []),
].filter(Boolean).join(" · ");
const chooser = (name, label, chosen, offered) => {
	const select = made("select", { "data-side": name, "aria-label": label }, ...offered.map((system) => made("option", { value: head.systems[system] }, head.systems[system])));
	select.value = head.systems[chosen];
	return select;
};
const sideOf = (answer, parts, choose) => made("div", { class: "side" },
	made("p", { class: "facts" }, choose, " ", badge(answer), ` ${factsOf(answer)}`),
	...(answer.repeat ? [made("p", { class: "label" }, `Repeat ${answer.repeat}`)] : []),
	...quoted("Extracted answer, which was compared", answer.filtered),
	...quoted(answer.filtered === null ? "Answer" : "Output", answer.output, { parts }),
	...quoted("The request failed", answer.failure));
const otherThan = (item, left, state) => { // the other system of a pair, or the first one with another outcome
	const pair = pairOf(state), others = item.answers.filter(({ system }) => system !== left.system);
	const partner = pair && pair[pair[0] === left.system ? 1 : 0];
	return others.find(({ system }) => system === partner) ?? others.find(({ outcome }) => outcome !== left.outcome) ?? others[0] ?? null;
};
const neighbours = (item, shown) => {
	const order = [...new Set(shown.map((each) => each.item))], at = order.indexOf(item);
	return at < 0 ? [] : [["Previous item", order[at - 1]], ["Next item", order[at + 1]]].filter(([, each]) => each);
};
const fillItem = (shown, state) => { // returns whether there is one to show
	const box = id("answers--item"), item = state.answer ? items.find(({ name }) => name === state.answer) : null;
	box.hidden = !state.answer;
	if (!state.answer) return box.replaceChildren();
	const closed = made("a", { href: fragmentOf({ ...state, answer: "", left: "", right: "" }) }, "Close");
	if (!item) return box.replaceChildren(made("p", {}, `This page holds no answer to ${state.answer}. `, closed));
	const by = (name) => item.answers.find(({ system }) => head.systems[system] === name), left = by(state.left) ?? item.answers[0];
	const second = by(state.right) ?? otherThan(item, left, state), offered = [...new Set(item.answers.map(({ system }) => system))];
	const texts = [left, second].map((each) => (each ? cut(each.output) : null)), alike = second && texts[0] === texts[1];
	const parts = second && !alike && texts.every((text) => text !== null) ? differences(...texts) : [null, null];
	const of = ({ prompt }) => item.prompts[prompt], prompts = second && second.prompt !== left.prompt ? [left, second] : [left];
	const links = neighbours(item, shown).map(([label, each]) => made("a", { href: fragmentOf({ ...state, answer: each.name }) }, label));
	const here = fragmentOf({ ...state, left: head.systems[left.system], right: second ? head.systems[second.system] : "" });
	box.replaceChildren(
		made("h3", { tabindex: "-1" }, made("bdi", {}, titleOf(item))),
		made("p", { class: "links" }, made("a", { href: here }, "Link to this item"), made("button", { type: "button", "data-copy": here }, "Copy link"), ...links, closed),
		...prompts.flatMap((each) => quoted(prompts.length > 1 ? `Prompt of ${head.systems[each.system]}` : "Prompt", of(each), { last: true })),
		...quoted("Key", item.key),
		...(second ? [made("p", { class: "label" }, alike ? "Both answers are the same text." : "Marked: what the other answer does not have.")] : []),
		made("div", { class: "sides" }, sideOf(left, parts[0], chooser("left", "First system", left.system, offered)),
			...(second ? [sideOf(second, parts[1], chooser("right", "Second system", second.system, offered))] : [])));
};

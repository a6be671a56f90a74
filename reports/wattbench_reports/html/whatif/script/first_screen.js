// The first screen for other settings, as in sections/first_screen.py: the evidence, the table of the systems and the picture.
const PLACES = ["table.decision", `#${PICTURE}`, ".deciding figcaption", "#decision-evidence"];
const originals = PLACES.map((query) => all(query).map((each) => each.cloneNode(true)));
const made = (tag, attributes, ...inside) => {
	const element = document.createElement(tag);
	for (const [key, value] of Object.entries(attributes)) if (value !== "") element.setAttribute(key, value);
	element.append(...inside);
	return element;
};
const bounded = (text) => { // bounds apart, as a narrow screen has no room for them
	const [, estimate, bounds, rest] = text.match(/^(.*?)( \[[^\]]*\])(.*)$/) || [];
	return bounds ? [estimate, made("span", { class: "bounds" }, bounds), rest] : [text];
};
const marks = Object.fromEntries(originals[0].flatMap((table) => [...table.tBodies[0].rows]).map((row, k) => [texts[`decision-${k}-system`], row.querySelector("svg")]));
const rowOf = (d, columns, row) => made("tr", {}, ...columns.map(({ key, number, cells }) => {
	const text = cells[row], restate = `decision-${row}-${key}`, restated = texts[restate] === text ? "" : "restated";
	if (key !== "system") return made("td", { class: `${number ? "number" : ""} ${restated}`.trim(), "data-restate": restate }, ...bounded(text));
	const name = made("span", { "data-restate": restate, class: restated }, text);
	return made("th", { scope: "row" }, made("span", { class: text === d.chosen ? "system chosen" : "system" }, marks[text].cloneNode(true), name));
}));
const redraw = (shown, found) => { // null: as the page was made
	PLACES.forEach((query, which) => all(query).forEach((each, k) => each.replaceWith(originals[which][k].cloneNode(true))));
	if (!shown) return;
	const { d, columns } = shown, [, [picture], [legend], [evidence]] = PLACES.map(all), drawing = pictureOf(d);
	all(PLACES[0]).forEach((table, which) => {
		const rows = range(d.systems.length).slice(...(which ? [limits.top] : [0, limits.top]));
		table.tHead.rows[0].replaceChildren(...columns.map(({ heading, number }) =>
			made("th", { scope: "col", class: number ? "number" : "" }, heading[0].toUpperCase() + heading.slice(1))));
		table.tBodies[0].replaceChildren(...rows.map((row) => rowOf(d, columns, row)));
		if (!which) table.caption.firstChild.data = captionOf(d);
	});
	if (picture && drawing) {
		picture.replaceWith(drawing);
		legend.textContent = legendOf(d);
	}
	const said = Object.keys(found).filter((key) => key.startsWith("evidence-"));
	evidence.replaceChildren(...said.map((key) => made("p", { "data-restate": key, class: found[key] === texts[key] ? "" : "restated" }, found[key])));
};

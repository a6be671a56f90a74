// The picture of a decision for other settings than the page's, whose own is of figures/decision.py.
const PICTURE = "decision-picture", drawn = (name, attributes = {}, ...inside) => {
	const made = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
	made.append(...inside);
	return made;
};
const spot = (x) => x.toFixed(1);
const tickText = (d, value) => {
	const cut = (number) => number.replace(/(\.\d*?)0+(?=×|$)/, "$1").replace(/\.(?=×|$)/, "");
	if (d.unit === "money") return cut(digits(value));
	const [number, ...unit] = si(value, d.label || "s").split(" ");
	return `${cut(number)} ${unit.join(" ")}`;
};
const costOf = (d, { perRequest, tail }) => (d.unit !== null ? perRequest : tail === null ? null : { at: tail, low: tail, high: tail });
const regionOf = (d) => {
	const quantity = { joules: "joules", grams: "grams", money: "cost", null: "p95" }[d.unit]; // none of seconds
	const bound = (name) => d.requirements.filter((each) => each.quantity === name && each.domain === null).map((each) => each.bound).pop() ?? null;
	return { accuracy: bound("accuracy"), cost: bound(quantity) };
};
const costLabel = (d, many) => {
	if (d.unit === null) return fillIn(known.picture.latency, { tail: limits.tail });
	const what = known.picture.costs[d.unit] || d.label;
	return fillIn(many ? known.picture.per_many : known.picture.per_request, { what, many });
};
const described = (d, shown, words) => {
	const parts = shown.slice(0, limits.named).map((each) => fillIn(known.picture.each, {
		name: each.system, accuracy: percents(each.accuracy), cost: d.unit !== null ? words.bounds(each.perRequest) : si(each.tail, "s"),
	}));
	const more = shown.length - parts.length;
	return fillIn(known.picture.described, { systems: parts.join("; "), more: more ? fillIn(known.picture.more, { count: more }) : "" });
};
const pictureOf = (d) => { // null where fewer than two systems have an accuracy and a cost
	const shown = d.systems.filter((each) => costOf(d, each) && each.accuracy);
	if (shown.length < 2) return null;
	const words = requestWords(d), factor = words.factor, label = costLabel(d, words.many), region = regionOf(d), tick = (cost) => tickText(d, cost * factor);
	const top = d.systems.slice(0, limits.top), points = shown.map((each) => ({
		...each, cost: costOf(d, each), label: top.includes(each) ? known.labels[each.s] : "",
		hollow: Boolean(each.apart || each.useless) || each.qualifies === "no", chosen: each.system === d.chosen, scaling: !(each.apart || each.useless),
	}));
	const within = points.filter(({ scaling }) => scaling), values = (within.length > 1 ? within : points).map(({ cost }) => cost.at);
	const also = (bound) => (bound === null ? [] : [bound]), costs = costScale([...values, ...also(region.cost)]);
	const accuracies = accuracyScale([...points.map((each) => each.accuracy.low), ...also(region.accuracy)], [...points.map((each) => each.accuracy.high), ...also(region.accuracy)]);
	const marks = points.map(({ cost, accuracy }) => ({
		x: across(costs, cost.at), y: up(accuracies, accuracy.at), left: across(costs, cost.low), right: cost.high === Infinity ? RIGHT : across(costs, cost.high),
		top: up(accuracies, accuracy.high), bottom: up(accuracies, accuracy.low),
	}));
	const colour = ({ s }) => `var(--series-${(s % known.picture.colours) + 1})`;
	const svg = drawn("svg", { id: PICTURE, class: "chart picture", viewBox: "0 0 400 232", role: "img", "aria-labelledby": `${PICTURE}--title ${PICTURE}--desc` },
		drawn("title", { id: `${PICTURE}--title` }, fillIn(known.picture.title, { label })), drawn("desc", { id: `${PICTURE}--desc` }, described(d, shown, words)));
	if (region.accuracy !== null || region.cost !== null) {
		const right = region.cost === null ? RIGHT : across(costs, region.cost), bottom = region.accuracy === null ? BOTTOM : up(accuracies, region.accuracy);
		svg.append(drawn("rect", { class: "qualified", x: LEFT, y: TOP, width: spot(right - LEFT), height: spot(bottom - TOP) }));
	}
	for (const share of accuracies.ticks) {
		const y = up(accuracies, share);
		svg.append(drawn("path", { class: "grid", d: `M${LEFT} ${spot(y)}H${RIGHT}` }));
		svg.append(drawn("text", { class: "tick", x: LEFT - 6, y: spot(y + 4), "text-anchor": "end" }, `${(100 * share).toFixed(0)}%`));
	}
	for (const cost of costs.ticks) {
		const x = spot(across(costs, cost));
		svg.append(drawn("path", { class: "grid", d: `M${x} ${TOP}V${BOTTOM}` }));
		svg.append(drawn("text", { class: "tick", x, y: BOTTOM + 15, "text-anchor": "middle" }, tick(cost)));
	}
	svg.append(drawn("path", { class: "axis", d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` }), drawn("text", { class: "axis-label", x: LEFT - 34, y: 11 }, "accuracy"));
	svg.append(drawn("text", { class: "axis-label", x: RIGHT, y: BOTTOM + 33, "text-anchor": "end" }, `${label}${costs.logarithmic ? ", logarithmic" : ""} →`));
	const joined = onHull(d).map((name) => marks[points.findIndex(({ system }) => system === name)]).filter(Boolean);
	if (joined.length > 1) svg.append(drawn("polyline", { class: "front", points: joined.map(({ x, y }) => `${spot(x)},${spot(y)}`).join(" ") }));
	points.forEach((point, k) => {
		const { x, y, left, right, top, bottom } = marks[k];
		if (point.label) svg.append(drawn("path", { class: "bar", stroke: colour(point), d: `M${spot(left)} ${spot(y)}H${spot(right)}M${spot(x)} ${spot(top)}V${spot(bottom)}` }));
	});
	for (let k = points.length - 1; k >= 0; k--) {
		const point = points[k], { x, y } = marks[k];
		svg.append(point.label ? drawn("use", {
			id: `${PICTURE}-system-${point.s}`, href: `#mark-${point.s % known.picture.shapes}`, fill: point.hollow ? "var(--paper)" : colour(point), stroke: colour(point), "stroke-width": "0.14",
			transform: `translate(${spot(x)} ${spot(y)}) scale(${point.chosen ? 11 : 9})`,
		}) : drawn("circle", { id: `${PICTURE}-system-${point.s}`, class: "dot", cx: spot(x), cy: spot(y), r: "2.5" }));
	}
	const texts = points.map(({ label, cost }) =>
		!label || (costs.low <= cost.at && cost.at <= costs.high) ? label : `${label} (${tick(cost.at)} ${cost.at < costs.low ? "←" : "→"})`);
	labelsOf(marks, texts).forEach((place, k) => {
		if (place) svg.append(drawn("text", { class: points[k].chosen ? "label chosen" : "label", x: spot(place.x), y: spot(place.y), "text-anchor": place.anchor }, texts[k]));
	});
	return svg;
};
const legendOf = (d) => {
	const { accuracy, cost } = regionOf(d), legend = known.picture;
	return [
		legend.better, ...(accuracy !== null || cost !== null ? [legend.region] : []), ...(d.hull.length ? [legend.line] : []),
		...(d.systems.some((each) => each.apart || each.useless || each.qualifies === "no") ? [legend.hollow] : []),
	].join(" ");
};
const captionOf = (d) => {
	const { some, first } = known.picture, named = S > limits.top ? fillIn(some, { top: limits.top, count: S }) : `${S} system${S === 1 ? "" : "s"}`;
	return d.requirements.length && S > 1 ? fillIn(first, { named }) : named;
};

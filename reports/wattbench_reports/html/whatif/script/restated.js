// Everything, by the keys of html/whatif/restated_figures.py.
const others = Object.fromEntries(Object.entries(texts).filter(([key]) => !/^(decision|evidence)-/.test(key))); // as many as a decision needs
const decisionOf = (set, joules, right) => {
	const { mix } = set, mixed = mix !== usual.shares;
	const exact = mixed ? right : known.accuracies.map((each) => each && { at: each[0], low: each[1], high: each[2] });
	const rates = ({ unit, parts }, s) => {
		const list = parts.map(([kind, each]) => [kind, each[s]]), view = viewOf(unit, list);
		return [rate(s, list, mix, view, false), rate(s, list, mix, view)];
	};
	const d = decide(set, exact, rates), costed = judgedIn(d).filter(({ perRequest }) => perRequest);
	const provenance = d.unit === "money" ? "" : [...new Set(costed.flatMap(({ s }) => known.provenance[s].split("+").filter(Boolean)))].sort().join("+");
	const columns = tableOf(d), out = { advice: adviceOf(d, provenance) };
	evidenceOf(d).forEach((sentence, k) => { out[`evidence-${k}`] = sentence; });
	for (const { key, heading, cells } of columns) {
		out[`decision-heading-${key}`] = heading;
		cells.forEach((text, row) => { out[`decision-${row}-${key}`] = text; });
	}
	return { d, columns, out };
};
const moneyFigures = (set) => { // of each request, of each correct answer, and of a year, as in wording/comparison.py
	const { money } = costsIn(set), out = {};
	const costs = ALL.map((s) => {
		if (!money || money.missing[s]) return null;
		const list = money.parts.map(([kind, each]) => [kind, each[s]]), view = moneyView(list);
		const request = rate(s, list, set.mix, view, false);
		return request && { request, correct: rate(s, list, set.mix, view) };
	});
	const scaled = (figure) => moneyScale(costs.filter((each) => each && each[figure]).map((each) => each[figure].at));
	const [requests, many] = scaled("request"), [answers, number] = scaled("correct"), by = (i, own) => ({ ...i, at: i.at * own, low: i.low * own, high: i.high * own });
	costs.forEach((each, s) => {
		const { request, correct } = each || {};
		out[`s${s}-cost-per-request`] = each ? `${moneyText(request.at * requests, money.label)} per ${many ? `${many} requests` : "request"}` : NONE;
		out[`s${s}-cost-per-correct`] = correct ? `${moneyBounds(by(correct, answers), money.label)}${number && ` per ${number}`}` : each && summed(basis.trials, s) ? say.none_correct : NONE;
		out[`s${s}-year-money`] = each ? moneyText(request.at * set.requests, money.label) : NONE;
	});
	return out;
};
const restated = (set) => {
	const { g, hourly, pue, embodied, price, requests, mix } = set;
	const out = {}, mixed = mix !== usual.shares, known = hourly || g !== null;
	const energy = [hourly ? [WEIGHED, pue / KWH] : ["energy_j", (g * pue) / KWH]];
	const made = embodied === null ? [] : [[TIME, embodied / 3600]];
	const joules = [], right = [], years = [], times = (value, by) => (value === null ? null : value * by);
	for (let s = 0; s < S; s++) {
		const put = (own) => { for (const figure in own) out[`s${s}-${figure}`] = own[figure]; };
		const each = mean(s, JOULES, mix), here = known && each !== null;
		if (mixed) {
			joules[s] = rate(s, JOULES, mix);
			right[s] = accuracy(s, mix);
			put({
				accuracy: percents(right[s]),
				"j-per-correct": joules[s] || each === null ? bounds(joules[s], "J") : say.none_correct,
				"j-per-request": si(each, "J"),
			});
			for (const [name, own] of Object.entries(data.latency.shares))
				put({ [name]: si(own[s] && quantile(s, mix, own[s]), "s") });
		}
		const stated = here && !(hourly && data.hours_missing[s]), drawn = stated ? mean(s, energy, mix) : null;
		const kwh = each === null ? null : ((each * requests) / KWH) * pue, spent = data.training_j[s];
		const used = times(drawn, requests), built = here && made.length ? times(mean(s, made, mix), requests) : null;
		const training = spent === null || !here || hourly ? null : (spent / KWH) * g * pue;
		years[s] = used === null ? null : used + (built || 0) + (training || 0);
		put({
			co2: known ? grams(times(drawn, 1000)) : texts[`s${s}-co2`],
			sci: stated ? bounds(rate(s, [...energy, ...made], mix), "g") : NONE,
			"year-kwh": si(times(kwh, 1000), "Wh"),
			"year-bill": price === null || kwh === null ? NONE : moneyText(kwh * price, usual.currency),
			"year-energy-g": grams(used),
			"year-made-g": grams(built),
			"training-g": grams(training),
			"year-g": grams(years[s]),
		});
	}
	const able = mixed ? verdict.comparable.filter((s) => joules[s]) : verdict.eligible;
	const values = able.map((s) => years[s]), least = min(...values), none = !values.length || values.includes(null);
	out["least-grams"] = none ? NONE : `${systems[able[values.indexOf(least)]]}, ${grams(least)}`;
	if (mixed) out.mix = domains.map((name, d) => `${name} ${percent(mix[d])}`).join(", ");
	const { d, columns, out: decision } = decisionOf(set, joules, right);
	return { d, columns, found: { ...others, ...moneyFigures(set), ...out, ...(mixed ? decided(joules, right, mix) : {}), ...decision } };
};

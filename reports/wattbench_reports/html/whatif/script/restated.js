// Everything, by the keys of html/whatif/restated_figures.py.
const restated = ({ g, hourly, pue, embodied, price, requests, mix }) => {
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
			"year-bill": price === null || kwh === null ? NONE : `${digits(kwh * price)} ${usual.currency}`,
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
	return { ...texts, ...out, ...(mixed ? decided(joules, right, mix) : {}) };
};

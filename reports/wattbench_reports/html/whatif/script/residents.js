// Which systems stay loaded at a rate of requests, as in routing/residents.py and wording/routing/residents.py.
const resident = data.residents; // null: not known
const gainText = (gain) => {
	const { unit, factor } = resident;
	return (factor === null ? si(gain, unit) : moneyText(gain * factor, unit)).replace(/(?<!\w)-(?=[\d∞])/g, "−");
};
const atRate = (rate) => { // by the keys of sections/routing/residents.py
	const { sets, per_w, best, gains, of_requests, over } = resident, all = sets.map(({ gain, idle_w }) => gain - (idle_w * per_w) / rate);
	const k = sets.filter(({ from }) => from <= rate).length - 1, { names, alone, margin } = sets[k], unsure = margin === null || all[k] - margin <= 0 ? resident.unsure : "";
	const gained = alone ? "" : fillIn(gains, { gain: fillIn(of_requests, { gain: gainText(all[k]) }), best: over, unsure });
	return { sentence: fillIn(best, { rate: roughly(rate), names, gains: gained }), ...Object.fromEntries(all.map((gain, row) => [`gain-${row}`, gainText(gain)])) };
};
const stateAtRate = () => {
	if (!resident) return;
	const { value } = id("requests-per-hour"), texts = atRate(value === "" ? resident.rate : Number(value)), usual = atRate(resident.rate);
	for (const place of all("[data-at-rate]")) {
		const key = place.dataset.atRate;
		place.textContent = texts[key];
		place.classList.toggle("restated", texts[key] !== usual[key]);
	}
};

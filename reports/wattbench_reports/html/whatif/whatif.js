// Restates the page: sums as in metrics/mix_weighting.py, in its order, and figures as in formatting/units.py, so that every
// digit is the command line's.
(() => {
	"use strict";
	const id = (name) => document.getElementById(name), form = id("what-if-form");
	const data = JSON.parse(id("what-if-data").textContent);
	const { basis, totals, carbon, workload: usual, verdict, texts, domains, systems, pairs } = data;
	const { z, tail, alpha, critical, listed: most, named: few, seconds: TIME, weighed: WEIGHED } = data.constants;
	const say = data.phrases, NONE = "–", KWH = 3600000, D = domains.length, S = systems.length;
	const { min, max, abs, sqrt } = Math, range = (n) => [...Array(n).keys()], sum = (n, each) => range(n).reduce((total, k) => total + each(k), 0);

	// What the page carries
	const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
	const draws = {}, grids = [], seconds = new Float32Array(bytes(data.latency.seconds));
	let R = 0, at = 0;
	for (const [kind, { low, step, codes }] of Object.entries(data.draws)) {
		const own = new Uint16Array(bytes(codes));
		R = own.length / (D * S);
		draws[kind] = (r, d, s) => low[d][s] + own[(r * D + d) * S + s] * step[d][s];
	}
	for (const length of data.latency.lengths) grids.push(seconds.subarray(at, (at += length)));

	// Words
	const commas = (text) => text.replace(/\d+/, (n) => n.replace(/\B(?=(\d{3})+$)/g, ","));
	const digits = (value) => {
		if (!isFinite(value)) return "∞";
		const rounded = Number(value.toPrecision(3)), size = abs(rounded);
		if (size && !(size >= 1e-3 && size < 1e6)) return value.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
		return size ? commas(rounded.toFixed(max(0, 2 - size.toExponential().split("e")[1]))) : "0";
	};
	const si = (value, unit, low, high) => {
		if (value === null) return NONE;
		const size = abs(value || low || 0), power = (e) => Number(`1e${3 * e}`);
		const e = size && isFinite(size) ? [3, 2, 1, 0, -1, -2].find((own) => size >= power(own) * 0.9995) ?? -3 : 0;
		const factor = power(e), name = "nµm kMG"[e + 3].trim();
		const span = low === undefined ? "" : ` [${digits(low / factor)}, ${digits(high / factor)}]`;
		return `${digits(value / factor)}${span} ${name}${unit}`;
	};
	const bounds = (i, unit) => (i === null ? NONE : si(i.at, unit, i.low, i.high));
	const tenth = (share) => (100 * share).toFixed(1), percent = (share) => `${tenth(share)}%`;
	const percents = (i) => (i === null ? NONE : `${percent(i.at)} [${tenth(i.low)}, ${tenth(i.high)}]`);
	const points = (i) => `${tenth(i.at)} points [${tenth(i.low)}, ${tenth(i.high)}]`.replace(/-/g, "−");
	const sure = (p) => (p > 0.99 ? "over 99%" : p < 0.01 ? "under 1%" : `${(100 * p).toFixed(0)}%`);
	const grams = (value) => si(value, "g");
	const listed = (names, word = "and") =>
		names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${word} ${names[names.length - 1]}`;
	const fill = (phrase, values) => say[phrase].replace(/\{(\w+)\}/g, (_, name) => values[name]);

	// Sums; `mix` holds the share of each domain, or is null
	const factors = (s, mix) => {
		const asked = basis.metered.map((row) => row[s]);
		const total = sum(D, (d) => asked[d]);
		if (mix === null) return total > 0 ? asked.map(() => 1 / total) : null;
		return asked.some((n, d) => !n && mix[d] > 0) ? null : asked.map((n, d) => (n > 0 ? mix[d] / n : 0));
	};
	const weigh = (s, worth, parts, of) =>
		sum(D, (d) => parts.reduce((total, [kind, each]) => total + each * of(kind, d, s), 0) * worth[d]);
	const whole = (kind, d, s) => totals[kind][d][s];
	const RIGHT = [["correct", 1]], JOULES = [["energy_j", 1]];
	const mean = (s, parts, mix) => {
		const worth = factors(s, mix);
		return worth && weigh(s, worth, parts, whole);
	};
	const ratio = (s, worth, parts, of) => {
		const right = weigh(s, worth, RIGHT, of);
		return right > 0 ? weigh(s, worth, parts, of) / right : Infinity;
	};
	const rate = (s, parts, mix) => {
		const worth = factors(s, mix), value = worth ? ratio(s, worth, parts, whole) : Infinity;
		if (!isFinite(value)) return null;
		const drawn = range(R).map((r) => ratio(s, worth, parts, (kind, d) => draws[kind](r, d, s)));
		const sorted = Float64Array.from(drawn).sort(), end = R - 1;
		const low = min(value, sorted[Math.floor(end * tail)]), high = max(value, sorted[Math.ceil(end * (1 - tail))]);
		const one = sum(D, (d) => (mix === null || mix[d] > 0 ? basis.metered_items[d][s] : 0)) < 2;
		return { at: value, low: one ? 0 : low, high: one ? Infinity : high, drawn };
	};
	const strata = (mix, size, each) => { // [estimate, centre, variance] of a mean
		const found = [0, 0, 0], some = range(D).filter((d) => mix[d] > 0);
		for (const d of some) each(d, size(d)).forEach((value, k) => { found[k] += (k < 2 ? mix[d] : mix[d] * mix[d]) * value; });
		return some.every(size) ? found : null;
	};
	const accuracy = (s, mix) => {
		const found = strata(mix, (d) => basis.items[d][s], (d, n) => {
			const middle = (basis.means[d][s] + 1) / (n + 2);
			const spread = basis.squares[d][s] + 1 - (n + 2) * middle * middle;
			return [basis.correct[d][s] / (basis.trials[d][s] || 1), middle, spread / (n * (n + 1) || 1)];
		});
		if (!found) return null;
		const share = min(max(found[0], 0), 1), z2 = z ** 2;
		const n = found[2] > 0 ? max(1, (found[1] * (1 - found[1])) / found[2]) : 1;
		const middle = (share + z2 / (2 * n)) / (1 + z2 / n);
		const half = sqrt(z2 * ((share * (1 - share)) / n + z2 / (4 * n ** 2))) / (1 + z2 / n);
		return { at: share, low: max(0, min(middle - half, share)), high: min(1, max(middle + half, share)) };
	};
	const gap = (a, b, mix) => {
		const found = strata(mix, (d) => pairs.counts[d][a][b], (d, n) => {
			const total = pairs.totals[d][a][b], middle = total / (n + 1);
			return [total / n, middle, ((pairs.squares[d][a][b] + 0.5) / (n + 1) - middle * middle) / (n + 1)];
		});
		if (!found) return null;
		const [value, centre] = found, error = sqrt(found[2]), half = z * error, strength = abs(centre) / error;
		const low = max(-1, centre - half), high = min(1, centre + half);
		return { at: value, low, high, ahead: value > 0, strength, shown: (tests) => strength >= critical[tests] };
	};
	const quantile = (s, mix, share) => {
		const all = range(D).flatMap((d) => {
			const own = [...grids[d * S + s]];
			return mix[d] > 0 ? own.map((x) => [x, mix[d] / own.length]) : [];
		}).sort((x, y) => x[0] - y[0]);
		const total = all.reduce((before, [, weight]) => before + weight, 0);
		let reached = 0;
		return all.length ? (all.find(([, weight]) => (reached += weight) >= share * total) || all[all.length - 1])[0] : null;
	};

	// Ties, as in comparison/ties.py
	const called = (names) => names.map((s) => verdict.called[s]), name = (s) => verdict.called[s];
	const either = (names) => names.length > most
		? fill("any_of", { name: name(names[0]), count: names.length - 1 }) : listed(called(names), "or");
	const first = (names) => {
		const all = called(names), count = all.length - most + 1;
		return listed(count < 2 ? all : [...all.slice(0, most - 1), fill("others", { count })]);
	};
	const order = ([best, ...others], rival) => { // Holm: none is shown after one that is not
		const gaps = others.map((s) => rival(best, s)), beaten = new Set();
		const tested = range(gaps.length).filter((k) => gaps[k]).sort((x, y) => gaps[y].strength - gaps[x].strength);
		tested.every((k, rank) => {
			const shown = gaps[k].shown(tested.length - rank);
			if (shown && gaps[k].ahead) beaten.add(others[k]);
			return shown;
		});
		return { best, others, gaps, front: [best, ...others.filter((s) => !beaten.has(s))] };
	};
	const cheaper = (joules) => (a, b) => {
		const [x, y] = [joules[a].drawn, joules[b].drawn];
		const below = sum(R, (r) => (x[r] < y[r] ? 1 : x[r] === y[r] ? 0.5 : 0)) / R;
		const p = min(1, (2 * (min(below, 1 - below) * R + 1)) / (R + 1));
		return { below, ahead: below > 0.5, strength: -p, shown: (tests) => p * tests <= alpha };
	};
	const headline = (energy, exact) => {
		const alone = ({ front }) => front.length === 1, names = exact.front;
		if (!energy.others.length) return fill("only", { name: name(energy.best) }) + verdict.reservation;
		const choices = energy.front.filter((s) => names.includes(s)), both = [...energy.front, ...names];
		const named = choices.length ? choices : both;
		const clauses = named.length > few ? [] : named.flatMap((s) => verdict.fails[s] || []);
		const why = alone(energy) ? (alone(exact) ? "both" : "thriftiest") : alone(exact) ? "most_accurate" : "neither";
		const said = choices.length > 1 ? fill("close", { names: first(choices) })
			: choices.length ? fill("run", { name: name(choices[0]), why: say[why] })
			: fill("split", { thrifty: either(energy.front), accurate: either(names) });
		return said + verdict.reservation + (clauses.length ? fill("choose", { clauses: clauses.join("; ") }) : "");
	};
	const decided = (joules, right, mix) => {
		const thrifty = verdict.eligible.filter((s) => joules[s]).sort((a, b) => joules[a].at - joules[b].at);
		const able = verdict.candidates.filter((s) => right[s]).sort((a, b) => right[b].at - right[a].at);
		if (!able.length || !thrifty.length) return {};
		const energy = order(thrifty, cheaper(joules)), exact = order(able, (a, b) => gap(a, b, mix));
		const pick = (place, { best, others, front, gaps }, figure, alone, phrase) => ({
			[`pick${place}-answer`]: gaps[0] ? either(front) : name(best),
			[`pick${place}-figure`]: figure,
			[`pick${place}-sure`]: gaps[0] ? fill(phrase, { ...gaps[0], best: systems[best], next: systems[others[0]] }) : say[alone],
		});
		for (const each of exact.gaps) if (each) each.points = points(each);
		for (const each of energy.gaps) each.sure = sure(each.below);
		return {
			headline: headline(energy, exact),
			...pick(0, energy, `${bounds(joules[energy.best], "J")}, ${verdict.qualified}`, "alone_by_energy", "below"),
			...pick(1, exact, percents(right[exact.best]), "alone", "ahead"),
		};
	};

	// Everything, by the keys of html/whatif/restated_figures.py
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
		const able = verdict.eligible.filter((s) => !mixed || joules[s]);
		const values = able.map((s) => years[s]), least = min(...values), none = !values.length || values.includes(null);
		out["least-grams"] = none ? NONE : `${systems[able[values.indexOf(least)]]}, ${grams(least)}`;
		if (mixed) out.mix = domains.map((name, d) => `${name} ${percent(mix[d])}`).join(", ");
		return { ...texts, ...out, ...(mixed ? decided(joules, right, mix) : {}) };
	};

	// The controls
	const field = (name) => form.elements.namedItem(name);
	const all = (query) => [...document.querySelectorAll(query)], weights = all("[data-domain]");
	const number = ({ value }, empty) => (value === "" ? empty : Number(value));
	const chosen = () => {
		const options = [], grid = field("grid").value, region = carbon.grids[grid] ?? null;
		const option = (name, value, usual, word = value) => {
			if (value !== usual) options.push(`--${name}`, String(word));
			return value;
		};
		const typed = region !== null ? null : number(field("intensity"), null);
		const set = { g: carbon.g_per_kwh, hourly: carbon.hourly && region === null && typed === null, mix: usual.shares, options };
		if (region !== null) set.g = option("region", region, null, grid);
		if (typed !== null) set.g = option("intensity", typed, null);
		set.pue = option("pue", number(field("pue"), carbon.pue), carbon.pue);
		const made = field("embodied").checked ? carbon.offered_g_per_hour : null;
		set.embodied = option("embodied", made, carbon.embodied_g_per_hour, made === null ? "none" : carbon.offered_option);
		for (const name of ["price", "requests"]) set[name] = option(name, number(field(name), usual[name]), usual[name]);
		if (weights.some((each) => each.value !== each.defaultValue)) {
			const parts = weights.map((each) => number(each, 0)), total = sum(D, (d) => parts[d]);
			set.mix = parts.map((part) => part / total);
			options.push("--mix", domains.map((name, d) => `${name}=${parts[d]}`).join(","));
		}
		return set;
	};
	const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'"'"'`)}'`);
	const update = () => {
		const nothing = weights.length && !sum(D, (d) => number(weights[d], 0)) ? weights[0] : null;
		const wrong = [...form.elements].find((each) => each.dataset.error && !each.validity.valid) || nothing;
		id("what-if-error").textContent = wrong ? wrong.dataset.error : "";
		if (wrong) return;
		const set = chosen(), found = set.options.length ? restated(set) : texts;
		for (const place of all("[data-restate]")) {
			const key = place.dataset.restate;
			place.textContent = found[key];
			place.classList.toggle("restated", found[key] !== texts[key]);
		}
		id("what-if-command").textContent = [data.command, ...set.options.map(quoted)].join(" ");
		document.body.className = `${set.options.length ? "other" : ""} ${set.mix === usual.shares ? "" : "other-mix"}`;
	};
	form.addEventListener("input", update);
	form.addEventListener("reset", () => setTimeout(update));
	form.hidden = false;
	update();
})();

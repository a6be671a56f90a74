// Restates the page: sums as in metrics/mix_weighting.py and metrics/ratio_intervals.py, in their order, comparisons as in
// comparison/, and figures as in formatting/units.py, so that every digit is the command line's.
(() => {
	"use strict";
	const id = (name) => document.getElementById(name), form = id("what-if-form");
	const data = JSON.parse(id("what-if-data").textContent);
	const { basis, totals, carbon, workload: usual, verdict, texts, domains, systems, pairs } = data;
	const { z, tail, alpha, student, listed: most, named: few, seconds: TIME, weighed: WEIGHED } = data.constants;
	const say = data.phrases, NONE = "–", KWH = 3600000, D = domains.length, S = systems.length;
	const { min, max, abs, sqrt, exp, log } = Math, range = (n) => [...Array(n).keys()], sum = (n, each) => range(n).reduce((total, k) => total + each(k), 0);

	// What the page carries
	const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
	const draws = {}, grids = [], seconds = new Float32Array(bytes(data.latency.seconds));
	const rows = (text) => { // shape (blocks, domains, systems)
		const flat = new Float64Array(bytes(text));
		return range(flat.length / (D * S)).map((r) => range(D).map((d) => flat.subarray((r * D + d) * S, (r * D + d + 1) * S)));
	};
	const blocks = data.blocks && Object.fromEntries(Object.entries(data.blocks).map(([kind, text]) => [kind, rows(text)]));
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
	const bounds = (i, unit) => (i === null ? NONE : si(i.at, unit, i.low, i.high) + (i.few ? data.constants.few_mark : ""));
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
	const t = (df) => student[min(df, student.length - 1)];
	const below = (x, df) => { // Student's t, by the finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4
		const n = min(df, student.length - 1), angle = Math.atan(x / sqrt(n)), c = Math.cos(angle), odd = n % 2;
		let term = odd ? c : 1, total = n > 1 ? term : 0;
		for (let k = odd ? 3 : 2; k < n; k += 2) total += term *= c * c * ((k - 1) / k);
		const inside = odd ? (2 / Math.PI) * (angle + Math.sin(angle) * total) : Math.sin(angle) * total;
		return (1 + inside) / 2;
	};
	const both = (x) => { // two-sided p of the normal distribution: erfc, Numerical Recipes, 6.2
		const y = x / Math.SQRT2, u = 1 / (1 + y / 2);
		return u * exp([0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223]
			.reduce((value, each) => value * u + each, 0) - y * y);
	};
	const deviation = (values, ratio = 1) => { // ratio: the number of clusters turns it into the error of a sum
		const n = values.length, middle = sum(n, (k) => values[k]) / n;
		return sqrt((ratio * sum(n, (k) => (values[k] - middle) ** 2)) / n);
	};
	const error = (values) => deviation(values, values.length ** 2 / (values.length - 1));
	const losses = (top, bottom) => { // the jackknife of stats/block_ratios.py
		const n = top.length, [T, B] = [top, bottom].map((list) => sum(n, (r) => list[r]));
		const without = top.map((each, r) => log(T - each) - log(B - bottom[r])), mean = sum(n, (r) => without[r]) / n;
		return without.map((each) => log(T) - log(B) + (n - 1) * (mean - each));
	};
	const jackknifed = (values) => (values.every(isFinite) ? deviation(values, 1 / (values.length - 1)) : Infinity);
	const minus = (x, y) => x.map((each, k) => each - y[k]);
	const byBlock = (s, worth, kind) => blocks[kind].map((row) => sum(D, (d) => row[d][s] * worth[d]));
	const sums = (s, worth, parts) => { // of the blocks that have joules; and whether they may well hold no right answer
		const some = byBlock(s, worth, "metered").map((n) => n > 0), own = (list) => list.filter((_, r) => some[r]);
		const spent = own(blocks.trials.map((_, r) => sum(D, (d) => parts.reduce((total, [kind, each]) => total + each * blocks[kind][r][d][s], 0) * worth[d])));
		const right = own(byBlock(s, worth, "correct")), none = right.filter((each) => each <= 0).length / right.length;
		return { n: right.length, values: losses(spent, right), open: none ** right.length > tail };
	};
	const counted = (s, mix) => sum(D, (d) => (mix === null || mix[d] > 0 ? basis.metered_items[d][s] : 0));
	const rate = (s, parts, mix) => {
		const worth = factors(s, mix), value = worth ? ratio(s, worth, parts, whole) : Infinity;
		if (!isFinite(value)) return null;
		const each = (kind, d) => basis[kind][d][s], items = counted(s, mix);
		let low, high, half, drawn, linear;
		if (blocks) {
			const { n, values, open } = sums(s, worth, parts);
			half = n < 2 ? Infinity : value > 0 ? t(n - 1) * jackknifed(values) : 0;
			[low, high] = [value, open ? Infinity : value];
		} else {
			const spent = range(R).map((r) => weigh(s, worth, parts, (kind, d) => draws[kind](r, d, s)));
			const right = range(R).map((r) => weigh(s, worth, RIGHT, (kind, d) => draws[kind](r, d, s)));
			drawn = spent.map((j, r) => (right[r] > 0 ? j / right[r] : Infinity));
			const [J, C] = [weigh(s, worth, parts, whole), weigh(s, worth, RIGHT, whole)];
			linear = spent.map((j, r) => j / J - right[r] / C);
			const sorted = Float64Array.from(drawn).sort(), end = R - 1;
			low = min(value, sorted[Math.floor(end * tail)]), high = max(value, sorted[Math.ceil(end * (1 - tail))]);
			half = items < 2 ? Infinity : t(items - 1) * deviation(linear);
		}
		[low, high] = [min(low, value / exp(half)), value ? max(high, value * exp(half)) : high];
		const right = weigh(s, worth, RIGHT, whole), agree = (hit) => sum(D, (d) => (each("metered", d) > 0 && hit(totals.correct[d][s], d) ? worth[d] / 2 : 0));
		const wrong = agree((n) => n === 0), all = agree((n, d) => n === each("metered", d));
		const squares = sum(D, (d) => worth[d] ** 2 * each("energy_squares", d)), equal = squares > 0 ? weigh(s, worth, JOULES, whole) ** 2 / squares : Infinity;
		if (sum(D, (d) => (each("metered_items", d) === 1 ? worth[d] * each("metered", d) : 0)) > data.constants.lone) return { at: value, low: 0, high: Infinity, lone: true };
		low *= right / (right + wrong);
		high = equal >= data.constants.too_few && right > all ? high * (right / (right - all)) : Infinity;
		return { at: value, low, high, few: equal < data.constants.few_items, drawn, linear, worth };
	};
	const strata = (mix, size, each) => { // [estimate, centre, variance] of a mean
		const found = [0, 0, 0], some = range(D).filter((d) => mix[d] > 0);
		for (const d of some) each(d, size(d)).forEach((value, k) => { found[k] += (k < 2 ? mix[d] : mix[d] * mix[d]) * value; });
		return some.every(size) ? found : null;
	};
	const residuals = (s, mix) => { // what each block adds to an accuracy
		const worth = range(D).map((d) => (basis.trials[d][s] > 0 ? mix[d] / basis.trials[d][s] : 0));
		const [scores, counts] = ["scores", "trials"].map((kind) => byBlock(s, worth, kind)), n = counts.length;
		const total = sum(n, (r) => counts[r]), mean = total > 0 ? sum(n, (r) => scores[r]) / total : 0;
		return scores.map((each, r) => (total > 0 ? (each - counts[r] * mean) / total : 0));
	};
	const outer = (i, of, least) => {
		if (!of) return i;
		const e = error(of[1] ? minus(of[0], of[1]) : of[0]), half = t(of[0].length - 1) * e;
		const p = e > 0 ? 2 * below(-abs(i.at) / e, of[0].length - 1) : 0;
		return { ...i, low: max(least, min(i.low, i.at - half)), high: min(1, max(i.high, i.at + half)), p: max(i.p || 0, p) };
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
		return outer({ at: share, low: max(0, min(middle - half, share)), high: min(1, max(middle + half, share)) }, blocks && [residuals(s, mix)], 0);
	};
	const gap = (a, b, mix) => {
		const found = strata(mix, (d) => pairs.counts[d][a][b], (d, n) => {
			const total = pairs.totals[d][a][b], middle = total / (n + 1);
			return [total / n, middle, ((pairs.squares[d][a][b] + 0.5) / (n + 1) - middle * middle) / (n + 1)];
		});
		if (!found) return null;
		const [value, centre] = found, e = sqrt(found[2]), half = z * e;
		const i = { at: value, low: max(-1, centre - half), high: min(1, centre + half), p: both(abs(centre) / e) };
		return { ...outer(i, blocks && [residuals(a, mix), residuals(b, mix)], -1), ahead: value };
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
	const order = (names, rival) => { // the model confidence set, as in stats/model_confidence_set.py
		const gaps = names.map((a, i) => names.map((b, j) => (j > i ? rival(a, b) : null))), out = new Set();
		const of = (i, j) => gaps[min(i, j)][max(i, j)], known = (g) => g && g.p !== null;
		const p = (i, j) => {
			const g = of(i, j), worse = known(g) && (i < j ? g.ahead < 0 : g.ahead > 0);
			return known(g) ? (worse ? g.p / 2 : 1 - g.p / 2) : 1;
		};
		const left = range(names.length).filter((i) => names.some((_, j) => j !== i && known(of(i, j))));
		for (let reached = 0; left.length > 1; ) {
			const least = left.map((i) => min(...left.filter((j) => j !== i).map((j) => p(i, j)))), worst = least.indexOf(min(...least));
			reached = max(reached, left.length * (left.length - 1) * least[worst]);
			if (reached > alpha) break;
			const [gone] = left.splice(worst, 1);
			if (gone && gaps[0][gone]?.ahead > 0) out.add(names[gone]);
		}
		return { best: names[0], others: names.slice(1), gaps: gaps[0].slice(1), front: names.filter((s) => !out.has(s)) };
	};
	const cheaper = (joules, mix) => (a, b) => {
		const [x, y] = [joules[a], joules[b]], size = log(x.at / y.at), rare = (p) => 2 * min(p, 1 - p), free = min(x.at, y.at) <= 0;
		if (x.lone || y.lone || (!blocks && max(...range(S).map((s) => counted(s, mix))) < 2)) return { below: 0.5, ahead: 0, p: 1 };
		if (blocks) {
			if (free) return { below: 0.5, ahead: 0, p: null };
			const [one, other] = [[a, x], [b, y]].map(([s, { worth }]) => ["energy_j", "correct"].map((kind) => byBlock(s, worth, kind)));
			const n = blocks.trials.length, e = jackknifed(minus(losses(...one), losses(...other)));
			const p = e > 0 ? below(-size / e, n - 1) : (1 - Math.sign(size)) / 2;
			return { below: p, ahead: p - 0.5, p: min(1, rare(p)) };
		}
		const p = sum(R, (r) => (x.drawn[r] < y.drawn[r] ? 1 : x.drawn[r] === y.drawn[r] ? 0.5 : 0)) / R;
		const drawn = min(1, (rare(p) * R + 2) / (R + 1)), e = deviation(minus(x.linear, y.linear)), items = max(...range(S).map((s) => counted(s, mix)));
		const spread = e > 1e-12 * abs(size) ? min(1, 2 * below(-abs(size) / e, items - 1)) : size ? 2 * 0.5 ** items : 1;
		if (free) return { below: p, ahead: p - 0.5, p: drawn };
		return { below: p, ahead: p - 0.5, p: rare(p) * R < 2 || e <= 1e-12 * abs(size) ? spread : max(spread, drawn) };
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
		const thrifty = verdict.comparable.filter((s) => joules[s]).sort((a, b) => joules[a].at - joules[b].at);
		const able = verdict.candidates.filter((s) => right[s]).sort((a, b) => right[b].at - right[a].at);
		if (!able.length || !thrifty.length) return {};
		const energy = order(thrifty, cheaper(joules, mix)), exact = order(able, (a, b) => gap(a, b, mix));
		const pick = (place, { best, others, front, gaps }, figure, alone, phrase) => ({
			[`pick${place}-answer`]: gaps[0] ? either(front) : name(best),
			[`pick${place}-figure`]: figure,
			[`pick${place}-sure`]: gaps[0] ? fill(phrase, { ...gaps[0], best: systems[best], next: systems[others[0]] }) : say[alone],
		});
		for (const each of exact.gaps) if (each) each.points = points(each);
		for (const each of energy.gaps) if (each) each.sure = sure(each.below);
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
		const able = mixed ? verdict.comparable.filter((s) => joules[s]) : verdict.eligible;
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

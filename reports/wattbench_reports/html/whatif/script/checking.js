// Requirements: which system meets them, and how surely, as in decision/checks.py, latency_limit.py and useless.py.
const further = (items, error, distance, score = limits.one_sided, fixed = 0) => {
	if (!isFinite(error) || !isFinite(distance) || distance === 0) return null;
	const room = error > 0 ? (distance / (score * error)) ** 2 - fixed : Infinity, decided = room > 0 ? (items * (1 - fixed)) / room - items : Infinity;
	const needed = fixed ? decided : items * ((score * error) / distance) ** 2 - items;
	return needed <= limits.most_items ? max(1, Math.ceil(needed)) : null;
};
const aboveShare = (kept, trials, bound) => { // stats/share_above.py: Peizer and Pratt's formula
	const n = trials + 1, rest = 1 - bound, beyond = kept + 0.5 - n * bound, spread = 1 + 1 / (6 * n);
	const centred = kept + 2 / 3 - (n + 1 / 3) * bound + 0.02 * (rest / (kept + 1) - bound / (n - kept) + (rest - 0.5) / (n + 1));
	if (abs(beyond) <= 1e-4 * sqrt(n)) return normalBelow(centred / sqrt(n * bound * rest * spread));
	const k = kept + 0.5, lost = n - kept - 0.5, deviance = k * log(k / (n * bound)) + lost * log(lost / (n * rest));
	return normalBelow((centred / abs(beyond)) * sqrt((2 * max(deviance, 0)) / spread));
};
const normalBelow = (score) => (score >= 0 ? 1 - both(score) / 2 : both(-score) / 2);
const around = (bound) => [bound * (1 - limits.rounding), bound * (1 + limits.rounding)];
const spreadsIn = (figure) => { // of each system: its error, degrees of freedom, and the share of its variance between sessions
	const within = covariance(figure, figure), more = between(figure);
	return ALL.map((s) => {
		const a = within(s, s), b = more(s, s), fixed = a + b > 0 ? b / (a + b) : 0;
		const df = figure.sessions ? max(Math.floor(1 / ((1 - fixed) ** 2 / known.df + fixed ** 2 / known.sessions.df)), 1) : known.df;
		return { error: sqrt(a + b), df, fixed };
	});
};
const quantileAt = (p, df) => { // Student's t, of a probability of a half or more
	let [low, high] = [0, 1000];
	for (let k = 0; k < 100; k++) { const middle = (low + high) / 2; below(middle, df) < p ? (low = middle) : (high = middle); }
	return p === 0.5 ? 0 : (low + high) / 2;
};
const oneSided = (df) => (df === known.df ? limits.one_sided : quantileAt(limits.meets, df));
const scoreApart = (distance, error, p, df) => { // decision/items_to_decide.py
	const alone = error > 0 ? abs(distance) / error : Infinity;
	return alone < oneSided(df) ? alone : quantileAt(max(p, 1 - p), df);
};
const sharesFor = (s, mix) => { // the part of each domain in a system's latency
	const own = range(D).map((d) => known.timed[d][s]), total = max(own.reduce((sum, n) => sum + n, 0), 1);
	return mix || own.map((n) => n / total);
};
const p95Of = (s, mix) => (mix === usual.shares || known.p95s[s] === null ? known.p95s[s] : quantile(s, sharesFor(s, mix), limits.share));
const shareWithin = (seconds, n, limit) => {
	const last = seconds.length - 1, reached = (k) => (k + 0.5) / seconds.length, after = seconds.findIndex((each) => each > limit);
	if (n <= limits.points) return (after < 0 ? seconds.length : after) / seconds.length;
	if (!(limit >= seconds[0])) return 0;
	if (after < 0) return limit > seconds[last] ? 1 : reached(last);
	const slope = (reached(after) - reached(after - 1)) / (seconds[after] - seconds[after - 1]);
	return slope * (limit - seconds[after - 1]) + reached(after - 1);
};
const within = (s, mix, limit) => { // null: a domain with a share has no request that was timed
	const parts = sharesFor(s, mix), some = range(D).filter((d) => parts[d] > 0);
	if (!some.length || some.some((d) => !known.timed[d][s])) return null;
	let share = 0, variance = 0;
	for (const d of some) {
		const n = known.timed[d][s];
		share += parts[d] * shareWithin(grids[d * S + s], n, limit);
		variance += parts[d] ** 2 / n;
	}
	const effective = 1 / (variance * known.design_effects[s]);
	return { share, effective, p: aboveShare(share * effective, effective, limits.share) };
};
const movesOfP95 = () => { // by system, of each draw; null where another run is not known
	const moves = known.sessions && known.sessions.moves.latency_p95;
	return moves ? weighed(draw.session_weights, ALL.map((s) => moves.map((row) => row[s]))) : null;
};
const machinesOf = (parts) => ALL.map((s) => { // of which machine a cost is, as in decision/session_moves.py
	const moving = parts.filter(([kind, own]) => own[s] > 0 && (kind === "money" ? known.machine_share[s] > 0 : known.moving.includes(kind)));
	if (!moving.length) return known.machines.none;
	return moving.every(([kind]) => known.sessions && known.sessions.moves[kind]) ? known.machines.another_run : known.machines.this_run;
});
const yes = () => ALL.map(() => new Uint8Array(K).fill(1));
const averageOf = (own) => own.reduce((total, x) => total + x, 0) / K;
const checkAll = (all, set) => {
	const sums = yes(), met = yes(), checks = ALL.map(() => []), apart = ALL.map(() => 1), { mix } = set;
	const drawn = (requirement, figure, items, reasons, scale, machines = ALL.map(() => known.machines.none)) => {
		const { bound } = requirement, spreads = spreadsIn(figure), draws = pooledDraws(figure, scale, bound), above = scale === ACCURACY, [least, greatest] = around(bound);
		for (const s of ALL) {
			if (!isFinite(figure.at[s])) {
				checks[s].push({ requirement, estimate: null, pMet: null, reason: reasons[s] || known.reasons.unknown, items: null, machine: machines[s] });
				continue;
			}
			let count = 0;
			draws[s].forEach((x, k) => { (above ? x >= least : x <= greatest) ? count++ : (sums[s][k] = 0); });
			const pMet = count / K, open = outcomeOf(pMet) === "may", { error, df, fixed } = spreads[s];
			const needed = open ? further(items[s], 1, scoreApart(figure.at[s] - bound, error, pMet, df), oneSided(df), fixed) : null;
			checks[s].push({ requirement, estimate: figure.at[s], pMet, reason: "", items: needed, machine: machines[s] });
		}
	};
	const alone = (s, requirement, estimate, pMet, reason, items, machine = known.machines.none) => {
		checks[s].push({ requirement, estimate, pMet, reason, items, machine });
		if (pMet !== null) apart[s] *= pMet;
	};
	for (const requirement of set.requirements) {
		const { quantity, bound, domain } = requirement, items = ALL.map((s) => summed(basis.items, s));
		if (quantity === "accuracy") {
			const one = domain === null ? -1 : domains.indexOf(domain), figure = accuracyFigure(one < 0 ? mix : range(D).map((d) => Number(d === one)));
			const asked = one < 0 ? known.reasons.domains : fillIn(known.reasons.domain, { domain });
			drawn(requirement, figure, one < 0 ? items : basis.items[one], ALL.map((s) => (summed(basis.trials, s) > 0 ? asked : known.reasons.scored)), ACCURACY);
		} else if (quantity === "p95") {
			const moves = movesOfP95(), machine = moves ? known.machines.another_run : known.machines.this_run;
			for (const s of ALL) {
				const limited = within(s, mix, bound), estimate = p95Of(s, mix), uniform = uniformOf(s);
				if (!limited) { alone(s, requirement, estimate, null, known.reasons.timed, null, machine); continue; }
				const each = moves && range(K).map((k) => within(s, mix, bound * exp(-moves[s][k])));
				const p = each ? each.reduce((total, one) => total + one.p, 0) / K : limited.p;
				const decidable = !each || outcomeOf(each.filter(({ share }) => share >= limits.share).length / K) !== "may";
				for (let k = 0; k < K; k++) if (!(uniform(k) < (each ? each[k].p : p))) met[s][k] = 0;
				const error = sqrt((limits.share * (1 - limits.share)) / limited.effective), count = items[s] || summed(known.timed, s);
				alone(s, requirement, estimate, p, "", outcomeOf(p) === "may" && decidable ? further(count, error, limited.share - limits.share) : null, machine);
			}
		} else if (quantity === "memory") {
			for (const s of ALL) {
				const peak = known.memory_gib[s], kept = peak !== null && peak <= bound;
				if (peak !== null && !kept) met[s].fill(0);
				alone(s, requirement, peak, peak === null ? null : Number(kept), peak === null ? known.reasons.memory : "", null);
			}
		} else {
			const unit = quantity === "cost" ? "money" : quantity, costs = all[unit];
			if (!costs) for (const s of ALL) alone(s, requirement, null, null, known.why_no[unit], null);
			else {
				const figure = costFigure(costs.parts, mix), reasons = ALL.map((s) => costs.missing[s] || invalidOf(costs, s));
				drawn(requirement, { ...figure, at: figure.at.map((x, s) => (reasons[s] ? NaN : x)) }, items, reasons, COST, machinesOf(costs.parts));
			}
		}
	}
	const pQualifies = ALL.map((s) => (checks[s].some(({ pMet }) => pMet === null) ? null : averageOf(sums[s]) * apart[s]));
	const outcomes = ALL.map((s) => (checks[s].some(({ pMet }) => outcomeOf(pMet) === "no") ? "no" : outcomeOf(pQualifies[s])));
	return { checks, pQualifies, outcomes, met: met.map((own, s) => own.map((x, k) => x & sums[s][k])) };
};
const uselessIn = (mix, accuracies) => ALL.map((s) => {
	const counted = range(D).filter((d) => mix === null || mix[d] > 0), items = sum(counted.length, (k) => basis.items[counted[k]][s]);
	if (!accuracies.some((x) => x > 0) && accuracies.some(isFinite)) return items ? fillIn(known.reasons.useless, { items: commas(`${items}`) }) : "";
	const failed = counted.filter((d) => known.useless[d][s]);
	return failed.length ? known.useless[failed.reduce((most, d) => (basis.items[d][s] > basis.items[most][s] ? d : most))][s] : "";
});

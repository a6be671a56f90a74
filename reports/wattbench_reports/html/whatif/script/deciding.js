// The decision, as in decision/decide_systems.py.
const decide = (set, right, rates) => { // right: accuracies; rates: [per request, per correct answer] of a unit's costs and system
	const { mix, worth } = set, all = costsIn(set), { costs, reasons = {}, whyNone = "" } = costBasis(all, set);
	const exact = accuracyFigure(mix), cost = costs && costFigure(costs.parts, mix), checked = checkAll(all, set);
	const useless = uselessIn(mix, exact.at), apart = ALL.map((s) => known.outside[s] || (costs && reasons[s]) || "");
	const objective = worth && ofAnswers(worth) ? "benefit" : !cost ? "accuracy" : set.requirements.length ? "cost" : "prices";
	const benefit = objective === "benefit" && cost ? plus(plusConstant(times(exact, worth.right + worth.wrong), -worth.wrong), times(cost, -1)) : null;
	const loss = benefit ? times(benefit, -1) : ["cost", "prices"].includes(objective) ? cost : times(exact, -1);
	const able = ALL.map((s) => isFinite(loss.at[s]) && !apart[s] && !useless[s]), levels = levelsOf(checked, able, set.risk);
	const counted = ALL.map((s) => checked.outcomes[s] === "yes" && sameRisk(checked.risks[s]) <= levels[s]), advisable = ALL.filter((s) => able[s] && counted[s]);
	const ends = objective === "prices" && cost ? endsOf(cost, exact, advisable) : null, rightOf = (s) => (isFinite(exact.at[s]) ? exact.at[s] : 0);
	const bestOf = () => [...advisable].sort((a, b) => loss.at[a] - loss.at[b] || rightOf(b) - rightOf(a) || byName(a, b))[0];
	const chosen = objective === "prices" ? (ends && ends.cheaper === ends.dearer ? ends.dearer : null)
		: (objective === "benefit" && !cost) || !advisable.length ? null : bestOf();
	const tied = chosen === null ? null : objective === "prices" ? tiedWith(chosen, cost, exact, advisable) : tiedOf(loss, chosen, advisable, known.corrected && objective !== "cost" ? Infinity : known.items);
	const priced = cost ? ALL.filter((s) => isFinite(cost.at[s]) && isFinite(exact.at[s]) && !apart[s]) : [];
	const chain = cost ? hullOf(cost.at, exact.at, priced.filter((s) => !useless[s]), priced.filter((s) => useless[s])) : [];
	const among = priced.filter((s) => !useless[s] && checked.outcomes[s] !== "no"), front = cost ? frontOf(cost, exact, priced) : {};
	let leaders = [];
	if (cost && among.length) {
		const line = hullOf(cost.at, exact.at, among, []), prices = stepsOf(cost, exact, line).map(({ price }) => price.at);
		leaders = line.map((s, k) => ({ worth: k ? max(prices[k - 1], 0) : 0, system: systems[s] }));
	}
	const pairOf = () => {
		const line = hullOf(cost.at, exact.at, advisable, []), along = line.slice(line.indexOf(ends.cheaper), line.indexOf(ends.dearer) + 1);
		const steps = stepsOf(cost, exact, along), last = (list) => list[list.length - 1], others = [];
		for (const unit of ["joules", "money", "grams"]) if (all[unit] && unit !== costs.unit && !along.some((s) => all[unit].missing[s])) {
			const own = stepsOf(costFigure(all[unit].parts, mix), exact, along);
			others.push({ unit, label: all[unit].label, first: own[0].price.at, last: last(own).price.at });
		}
		return { cheaper: systems[ends.cheaper], dearer: systems[ends.dearer], first: steps[0].price, last: last(steps).price, others };
	};
	const shortfall = ({ requirement: { quantity, bound }, estimate, within }) => {
		if (within !== null) return max(0, limits.share - within) / limits.share;
		if (estimate === null) return 1;
		const short = max(0, quantity === "accuracy" ? -(estimate - bound) : estimate - bound);
		return bound > 0 ? short / bound : short;
	};
	const surestOf = () => {
		const there = ALL.filter((s) => able[s] && checked.risks[s] !== null);
		if (chosen !== null || !set.requirements.length || !there.length) return null;
		const failed = (s) => Number(checked.outcomes[s] === "no"), short = (s) => (failed(s) ? checked.rows[s].reduce((sum, each) => sum + shortfall(each), 0) : 0);
		return there.sort((a, b) => failed(a) - failed(b) || short(a) - short(b) || sameRisk(checked.risks[a]) - sameRisk(checked.risks[b]) || loss.at[a] - loss.at[b] || byName(a, b))[0];
	};
	const surest = surestOf(), itemsToShow = () => {
		if (surest === null || checked.outcomes[surest] === "no") return null;
		const open = checked.rows[surest].filter(({ tested, outcome, least }) => tested && outcome !== "no" && (least || 0) > levels[surest]);
		const needed = open.map(({ tested, number }) => tested.further(number, levels[surest]));
		return !needed.length || needed.includes(null) ? null : max(...needed);
	};
	const machineOf = (costs, priced) => {
		const each = costs ? machinesOf(costs.parts).filter((_, s) => priced.includes(s)) : [];
		return [known.machines.this_run, known.machines.another_run].find((kind) => each.includes(kind)) || known.machines.none;
	};
	const interval = (figure, s) => {
		const half = known.quantile * sqrt(covariance(figure, figure)(s, s));
		return isFinite(figure.at[s]) ? { at: figure.at[s], low: figure.at[s] - half, high: figure.at[s] + half } : null;
	};
	const costsOf = (s) => {
		if (!costs) return [null, null];
		if (costs.unit !== "money" || !worth || !(worth.carbon > 0 || worth.second > 0)) return costs.missing[s] ? [null, null] : rates(costs, s);
		const around = interval(cost, s), perRequest = around && { ...around, low: max(0, around.low) }, of = (one, other) => covariance(one, other)(s, s);
		if (!perRequest || !(exact.at[s] > 0)) return [perRequest, null];
		return [perRequest, fieller(perRequest.at, exact.at[s], of(cost, cost), of(exact, exact), of(cost, exact), known.quantile)];
	};
	const order = ALL.map((s) => [Number(Boolean(apart[s])), ["yes", "may", "no"].indexOf(checked.outcomes[s]), Number(!counted[s]), Number(Boolean(useless[s])),
		Number(objective === "prices" && !chain.includes(s)), Number(Number.isNaN(loss.at[s])), Number.isNaN(loss.at[s]) ? 0 : loss.at[s], s]).sort((a, b) => a.reduce((by, x, k) => by || x - b[k], 0)).map((key) => key[7]);
	const rows = order.map((s) => {
		const [perRequest, perCorrect] = costsOf(s);
		return {
			s, system: systems[s], checks: checked.rows[s], qualifies: checked.outcomes[s], counted: counted[s], useless: useless[s],
			countedBounds: checked.rows[s].map(({ tested, requirement }) => tested && tested.bounds(levels[s])[isLeast(requirement) ? 0 : 1]),
			apart: apart[s], accuracy: right[s], perRequest, perCorrect, tail: tailOf(s, mix), benefit: benefit && interval(benefit, s), notExcluded: front[s],
		};
	});
	const whyNoCandidate = () => {
		if (!known.candidates.length) return known.reasons.none_takes_part;
		if (!exact.at.some(isFinite)) return objective === "accuracy" ? known.reasons.scored : whyNone;
		if (!exact.at.some((x) => x > 0)) return known.reasons.none_right;
		return known.candidates.filter((s) => !apart[s]).every((s) => useless[s]) ? known.reasons.no_domain : known.reasons.none_compared;
	};
	const whyNot = () => {
		if (chosen !== null || ends) return "";
		if (objective === "benefit" && !cost) return whyNone;
		if (!able.some(Boolean)) return whyNoCandidate();
		if (objective === "prices") return exact.at.some(isFinite) ? known.reasons.none_right : known.reasons.scored;
		const there = ALL.filter((s) => able[s]);
		if (there.every((s) => checked.outcomes[s] === "no")) return known.reasons.none_meets;
		const unknown = there.flatMap((s) => checked.rows[s]).filter(({ low }) => low === null).map(({ reason }) => reason).sort();
		return unknown.length ? fillIn(known.reasons.requirements_unknown, { reason: unknown[0] }) : known.reasons.none_shown;
	};
	return {
		unit: costs ? costs.unit : null, label: costs ? costs.label : "", objective, requirements: set.requirements, systems: rows,
		chosen: chosen === null ? null : systems[chosen], between: ends && ends.cheaper !== ends.dearer ? pairOf() : null, surest: surest === null ? null : systems[surest],
		best: tied ? tied.best.map((s) => systems[s]) : [], items: tied ? tied.items : itemsToShow(), choiceOf: couldBeAdvised(checked, able).length, risk: set.risk,
		hull: (chain.length > 1 ? stepsOf(cost, exact, chain) : []).map((step) => ({ ...step, cheaper: systems[step.cheaper], dearer: systems[step.dearer] })),
		leaders, tailShare: known.tail_share, whyNone: whyNot(), whyNoCost: costs ? "" : whyNone, machine: machineOf(costs, priced),
	};
};

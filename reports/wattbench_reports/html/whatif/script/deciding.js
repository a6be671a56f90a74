// The decision, as in decision/decide_systems.py.
const decide = (set, right, rates) => { // right: accuracies; rates: [per request, per correct answer] of a unit's costs and system
	const { mix, worth } = set, all = costsIn(set), { costs, reasons = {}, whyNone = "" } = costBasis(all, set);
	const exact = accuracyFigure(mix), cost = costs && costFigure(costs.parts, mix), checked = checkAll(all, set);
	const useless = uselessIn(mix, exact.at), apart = ALL.map((s) => known.outside[s] || (costs && reasons[s]) || "");
	const objective = worth && ofAnswers(worth) ? "benefit" : !cost ? "accuracy" : set.requirements.length ? "cost" : "prices";
	const benefit = objective === "benefit" && cost ? plus(plusConstant(times(exact, worth.right + worth.wrong), -worth.wrong), times(cost, -1)) : null;
	const loss = benefit ? times(benefit, -1) : ["cost", "prices"].includes(objective) ? cost : times(exact, -1);
	const chooses = objective !== "prices" && !(objective === "benefit" && !cost);
	const able = ALL.map((s) => isFinite(loss.at[s]) && !apart[s] && !useless[s]), rivals = likely(able, checked);
	const rights = pooledDraws(exact, ACCURACY), spent = cost && pooledDraws(cost, COST);
	const lossDraws = () => ALL.map((s) => rights[s].map((x, k) => (benefit ? -(x * (worth.right + worth.wrong) - worth.wrong - spent[s][k])
		: ["cost", "prices"].includes(objective) ? spent[s][k] : -x)));
	const chosen = chooses && rivals.length ? leastOf(rivals, (s) => loss.at[s]) : null;
	const odds = chooses ? chancesOf(lossDraws(), checked.met, able) : null, tied = chosen === null ? null : tiedOf(loss, chosen, able, checked);
	const priced = cost ? ALL.filter((s) => isFinite(cost.at[s]) && isFinite(exact.at[s]) && !apart[s]) : [];
	const chain = cost ? hullOf(cost.at, exact.at, priced.filter((s) => !useless[s]), priced.filter((s) => useless[s])) : [];
	const among = priced.filter((s) => !useless[s] && checked.outcomes[s] !== "no");
	let acceptability = null;
	if (cost && among.length > 1) {
		const line = hullOf(cost.at, exact.at, among, []), [first] = line, prices = stepsOf(cost, exact, line).map(({ price }) => price.at);
		acceptability = acceptabilityOf(spent, rights, among, line, prices, exact.at[first] > 0 && cost.at[first] > 0 ? cost.at[first] / exact.at[first] : 1);
	}
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
	const order = ALL.map((s) => [Number(Boolean(apart[s])), ["yes", "may", "no"].indexOf(checked.outcomes[s]), Number(Boolean(useless[s])),
		Number(objective === "prices" && !chain.includes(s)), Number(Number.isNaN(loss.at[s])), Number.isNaN(loss.at[s]) ? 0 : loss.at[s], s]).sort((a, b) => a.reduce((by, x, k) => by || x - b[k], 0)).map((key) => key[6]);
	const rows = order.map((s) => {
		const [perRequest, perCorrect] = costsOf(s);
		return {
			s, system: systems[s], checks: checked.checks[s], pQualifies: checked.pQualifies[s], qualifies: checked.outcomes[s], useless: useless[s],
			apart: apart[s], accuracy: right[s], perRequest, perCorrect, tail: tailOf(s, mix), benefit: benefit && interval(benefit, s),
			pBest: odds && !apart[s] && known.items >= limits.fewest_for_best ? odds.pBest[s] : null, regret: odds && able[s] ? odds.regret[s] : null,
		};
	});
	const whyNoCandidate = () => {
		if (!known.candidates.length) return known.reasons.none_takes_part;
		if (!exact.at.some(isFinite)) return objective === "accuracy" ? known.reasons.scored : whyNone;
		if (!exact.at.some((x) => x > 0)) return known.reasons.none_right;
		return known.candidates.filter((s) => !apart[s]).every((s) => useless[s]) ? known.reasons.no_domain : known.reasons.none_compared;
	};
	const whyNot = () => {
		if (chosen !== null) return "";
		if (objective === "prices") return able.some(Boolean) ? "" : whyNoCandidate();
		if (objective === "benefit" && !cost) return whyNone;
		if (!able.some(Boolean)) return whyNoCandidate();
		const there = ALL.filter((s) => able[s]);
		if (there.every((s) => checked.outcomes[s] === "no")) return known.reasons.none_meets;
		const unknown = there.flatMap((s) => checked.checks[s]).filter(({ pMet }) => pMet === null).map(({ reason }) => reason).sort();
		return unknown.length ? fillIn(known.reasons.requirements_unknown, { reason: unknown[0] }) : known.reasons.none_likely;
	};
	return {
		unit: costs ? costs.unit : null, label: costs ? costs.label : "", objective, requirements: set.requirements, systems: rows,
		chosen: chosen === null ? null : systems[chosen], best: tied ? tied.best.map((s) => systems[s]) : [], items: tied ? tied.items : null,
		hull: (chain.length > 1 ? stepsOf(cost, exact, chain) : []).map((step) => ({ ...step, cheaper: systems[step.cheaper], dearer: systems[step.dearer] })),
		acceptability, tailShare: known.tail_share, whyNone: whyNot(), whyNoCost: costs ? "" : whyNone, machine: machineOf(costs, priced),
	};
};

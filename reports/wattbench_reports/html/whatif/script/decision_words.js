// A decision in words, as in wording/decision/: requirements, costs, advice, evidence and the table.
const { phrases: sentences, constants: limits, ask } = data.decision || {};
const put = (phrase, values) => fillIn(sentences[phrase], values);
const several = (names, word, most = limits.named) => {
	const more = names.length - most;
	return listed(more > 0 ? [...names.slice(0, most), more === 1 ? "1 other" : `${more} others`] : names, word);
};
const grouped = (list, key, value) => { // in the order of the first of each group
	const by = new Map();
	for (const each of list) by.set(key(each), [...(by.get(key(each)) || []), value(each)]);
	return [...by];
};

// Costs
const costWords = (unit, label, values, provenance = "") => {
	const money = unit === "money", [factor, number] = money ? moneyScale(values) : [1, ""];
	const many = factor === 1 ? "" : number.replace(/ requests$/, ""), modelled = provenance.split("+").includes("modelled");
	return {
		unit, many, factor,
		amount: (value) => (value === null || unit === null ? NONE : money ? moneyText(value * factor, label) : si(value, label)),
		bounds: (i) => i === null || unit === null ? NONE
			: money ? moneyBounds({ ...i, at: i.at * factor, low: i.low * factor, high: i.high * factor }, label) : bounds(i, label),
		ofRequests: (value) => put(many ? "per_many" : "per_request", { value, many }),
		ofRight: (value) => put(many ? "per_many_right" : "per_right", { value, many }),
		qualified: (value) => money || unit === "seconds" || !modelled ? value : put(provenance === "modelled" ? "modelled" : "partly_modelled", { value }),
	};
};
const estimates = (d, figure) => d.systems.filter((each) => each[figure]).map((each) => each[figure].at);
const requestWords = (d, provenance) => costWords(d.unit, d.label, estimates(d, "perRequest"), provenance);
const rightWords = (d, provenance) =>
	costWords(d.unit, d.label, [...estimates(d, "perCorrect"), ...d.hull.map(({ price }) => price.at)], provenance);
const benefitWords = (d) => costWords("money", d.label, estimates(d, "benefit").map(abs));

// Requirements
const isOverall = ({ requirement: { quantity, domain } }) => quantity === "accuracy" && domain === null;
const inDomain = (text, { domain }) => (domain === null ? text : put("in_domain", { text, domain }));
const valueText = ({ quantity }, value, currency) => {
	if (quantity === "accuracy") return percent(value);
	if (quantity === "memory") return `${digits(value)} GiB`;
	if (quantity === "p95") return si(value, "s");
	const words = quantity === "cost" ? costWords("money", currency, [value]) : costWords(quantity, quantity === "joules" ? "J" : "g", []);
	return words.ofRequests(words.amount(value));
};
const boundText = (required, currency) => valueText(required, required.bound, currency).replace(/(\.\d*?)0+(?=\D|$)/g, (_, kept) => kept.replace(/\.$/, ""));
const requiredText = (required, currency) =>
	put(required.quantity === "accuracy" ? "at_least" : "at_most", { bound: boundText(required, currency) });
const fullText = (required, currency) =>
	inDomain(put(`figure_${required.quantity}`, { value: requiredText(required, currency) }), required);
const quantityText = (required) => inDomain(put(`quantity_${required.quantity}`), required);
const figureText = ({ requirement, estimate }, currency) => estimate === null
	? put("no_known", { quantity: quantityText(requirement) })
	: inDomain(put(`figure_${requirement.quantity}`, { value: valueText(requirement, estimate, currency) }), requirement);
const shortText = ({ requirement, estimate }, currency) => {
	const value = estimate === null ? NONE : valueText(requirement, estimate, currency);
	if (["cost", "joules", "grams"].includes(requirement.quantity)) return value;
	return inDomain(put("figure_short", { quantity: put(`quantity_${requirement.quantity}`), value }), requirement);
};

// Advice
const judgedIn = (d) => d.systems.filter((each) => !each.apart);
const systemIn = (d, name) => d.systems.find((each) => each.system === name);
const currencyOf = (d) => (d.unit === "money" ? d.label : "");
const onHull = ({ hull }) => (hull.length ? [hull[0].cheaper, ...hull.map(({ dearer }) => dearer)] : []);
const selectedIn = (d) => {
	if (d.chosen !== null) return systemIn(d, d.chosen);
	if (d.objective !== "prices" || d.hull.length) return null;
	const judged = judgedIn(d), leaders = d.acceptability ? d.acceptability.leaders : [];
	const name = leaders.length ? leaders[leaders.length - 1].system : judged.length === 1 ? judged[0].system : "";
	return judged.find((each) => each.system === name && !each.useless) || null;
};
const tiedForBest = (d) => d.best.filter((name) => systemIn(d, name).qualifies === systemIn(d, d.best[0]).qualifies);
const mayToo = (d, { perRequest }) => { // those that may qualify, too, and would then be as good or better
	const tied = tiedForBest(d), others = d.best.filter((name) => !tied.includes(name)).map((name) => systemIn(d, name));
	const cheaper = d.objective === "cost" && others.every((each) => each.perRequest && perRequest && each.perRequest.at < perRequest.at);
	return others.length ? put(cheaper ? "may_too_cheaper" : "may_too", { names: several(others.map(({ system }) => system), "or") }) : "";
};
const met = (check, currency) => {
	const figure = figureText(check, currency);
	if (check.estimate === null || check.pMet === null) return put("has_none", { figure });
	const required = requiredText(check.requirement, currency), certain = sure(check.pMet);
	return isOverall(check) ? put("is_required", { accuracy: percent(check.estimate), required, sure: certain })
		: put("has_required", { figure, required, sure: certain });
};
const requiredOf = (d, { checks, pQualifies, accuracy }) => {
	const many = checks.length > limits.most_checks && pQualifies !== null;
	const plain = accuracy && d.objective !== "benefit" && (many || !checks.some(isOverall)) ? [put("is_accurate", { accuracy: percent(accuracy.at) })] : [];
	if (many) return [...plain, put("meets_all", { count: checks.length, sure: sure(pQualifies) })];
	return [...plain, ...checks.map((each) => met(each, currencyOf(d)))];
};
const fitsOf = (d, chosen, provenance) => {
	const { accuracy, checks, benefit, perRequest } = chosen, exact = accuracy && percent(accuracy.at), alone = judgedIn(d).length === 1;
	if (d.objective === "accuracy" && !checks.length)
		return put(d.best.length < 2 && !alone ? "most_accurate" : "is_accurate", { accuracy: accuracy ? exact : NONE });
	const said = checks.length <= limits.most_checks && checks.some(({ requirement }) => requirement.quantity === (d.unit === "money" ? "cost" : d.unit));
	const words = requestWords(d, provenance), cost = !perRequest || d.unit === null || said ? "" : words.qualified(words.ofRequests(words.amount(perRequest.at)));
	if (d.objective === "prices" && accuracy && cost && !alone) return put("best_of_both", { accuracy: exact, cost });
	const clauses = requiredOf(d, chosen);
	if (d.objective === "benefit" && benefit) {
		const gains = benefitWords(d);
		clauses.push(put(benefit.at < 0 ? "has_loss" : "has_benefit", { benefit: gains.ofRequests(gains.bounds(benefit)) }));
	} else if (cost && clauses.length && accuracy) clauses[0] = put("at_cost", { fits: clauses[0], cost });
	else if (cost) clauses.push(put("costs", { cost }));
	return listed(clauses);
};
const noneMeets = ({ checks }, currency) => checks.length === 1
	? isOverall(checks[0]) ? put("none_reaches", { bound: boundText(checks[0].requirement, currency) }) : put("none_meets_it")
	: checks.length ? put("none_meets_them") : "";
const nextOf = (d, { system, perRequest, accuracy }) => {
	const words = requestWords(d), figure = d.objective === "cost" && perRequest ? words.ofRequests(words.amount(perRequest.at))
		: d.objective === "accuracy" && accuracy ? percent(accuracy.at) : "";
	return figure && put("next", { name: system, figure });
};
const restOf = (d, chosen) => {
	const others = judgedIn(d).filter((each) => each !== chosen);
	if (!others.length) return put(d.systems.length === 1 ? "only_one" : "only_comparable");
	const also = mayToo(d, chosen);
	if (d.objective === "benefit") return also + (chosen.pBest === null ? "" : put("best_with", { sure: sure(chosen.pBest) }));
	if (d.objective === "prices") {
		const maybe = others.filter((each) => maybeWorth(d, each)).map(({ system }) => system);
		return maybe.length ? put("may_be_else", { names: several(maybe, "or", limits.most_maybe) }) : put("nothing_else");
	}
	const unknown = d.objective === "accuracy" ? put("costs_unknown", { reason: d.whyNoCost }) : "";
	if (also) return unknown + also;
	const rivals = others.filter((each) => each.qualifies !== "no" && !each.useless);
	if (!rivals.length) return unknown + noneMeets(chosen, currencyOf(d));
	const untied = rivals.find((each) => !d.best.includes(each.system));
	return unknown + (untied ? nextOf(d, untied) : "");
};
const shortfall = ({ requirement: { quantity, bound }, estimate }) => {
	if (estimate === null) return 1;
	const short = max(0, quantity === "accuracy" ? -(estimate - bound) : estimate - bound);
	return bound > 0 ? short / bound : short;
};
const likelihood = ({ pQualifies }) => (pQualifies === null || pQualifies < limits.fails ? 0 : pQualifies);
const nearestOf = (failing) => {
	const key = ({ pQualifies, checks }) => [-likelihood({ pQualifies }), sum(checks.length, (k) => shortfall(checks[k]))];
	return failing.reduce((best, each) => {
		const [[p, short], [bestP, bestShort]] = [key(each), key(best)];
		return p < bestP || (p === bestP && short < bestShort) ? each : best;
	});
};
const outcomeOf = (p) => (p === null ? "may" : p >= limits.meets ? "yes" : p < limits.fails ? "no" : "may");
const failingChecks = ({ checks }) => {
	const failed = checks.filter(({ pMet }) => outcomeOf(pMet) === "no"), known = checks.filter(({ pMet }) => pMet !== null);
	return failed.length ? failed : known.sort((a, b) => a.pMet - b.pMet).slice(0, 1);
};
const noneOf = (d, judged) => {
	const failing = judged.filter(({ checks, pQualifies, useless }) => checks.length && pQualifies !== null && !useless);
	if (!failing.length) return put("none", { reason: d.whyNone || put(judged.length && judged.every(({ accuracy }) => !accuracy) ? "unscored" : "nothing") });
	const currency = currencyOf(d), near = nearestOf(failing), count = near.checks.length, name = near.system;
	const probably = likelihood(near) > 0;
	let figures = listed(near.checks.map((each) => figureText(each, currency)));
	if (probably) figures = put("with_sure", { figures, sure: sure(likelihood(near)) });
	if (count === 1)
		return put(probably ? "none_may" : "none_has", { required: fullText(near.checks[0].requirement, currency), name, figures });
	const others = failing.filter((each) => each !== near);
	const by = grouped(others, (each) => listed(failingChecks(each).map(({ requirement }) => quantityText(requirement))), ({ system }) => system);
	const clauses = by.map(([quantities, names]) => put(names.length === 1 ? "fails" : "fail", { names: several(names), quantities })).join(", ");
	return put(probably ? "none_may_meet" : "none_meets", { count, name, figures, rest: others.length ? put("others_fail", { clauses }) : "" });
};
const maybeWorth = (d, { system, useless, notExcluded }) => !useless
	&& (d.acceptability ? max(0, ...(d.acceptability.probabilities[system] || [])) >= limits.open : Boolean(notExcluded));
const leadersOffHull = (d) => { // the best that is not useless, and the worths of a right answer from and up to which it is
	const leaders = d.acceptability ? d.acceptability.leaders : [], line = onHull(d);
	return leaders.slice(0, -1).map(({ system, worth }, k) => ({ system, low: worth, high: leaders[k + 1].worth })).filter(({ system }) => !line.includes(system));
};
const pricesOf = (d, provenance) => {
	const words = rightWords(d, provenance), [first, ...more] = d.hull, last = more[more.length - 1], { cheaper, dearer } = first;
	let text = put(words.many ? "price_many" : "price", { many: words.many, price: words.qualified(words.bounds(first.price)), dearer, cheaper });
	const { useless } = systemIn(d, cheaper);
	const below = useless ? leadersOffHull(d) : [];
	if (useless) text += put("gap", { useless });
	if (below.length)
		text += put("below", { names: several(below.map(({ system }) => system), "or"), price: words.ofRight(words.amount(below[below.length - 1].high)) });
	for (const { price, dearer, cheaper } of more.slice(0, limits.steps - 1)) text += put("next_price", { price: words.bounds(price), dearer, cheaper });
	if (more.length >= limits.steps) text += put("last_price", { price: words.bounds(last.price), dearer: last.dearer });
	const named = [...onHull(d), ...leadersOffHull(d).map(({ system }) => system)];
	const others = judgedIn(d).filter(({ system }) => !named.includes(system)), maybe = others.filter((each) => maybeWorth(d, each));
	if (maybe.length) text += put("maybe_worth", { names: several(maybe.map(({ system }) => system), "or", limits.most_maybe) });
	else if (others.length) text += put("none_worth");
	return `${text}${put("ask", { ask })}.`;
};
const adviceOf = (d, provenance) => {
	const judged = judgedIn(d), chosen = selectedIn(d);
	if (!judged.length) return noneOf(d, judged);
	if (d.objective === "prices" && d.hull.length) return pricesOf(d, provenance);
	if (chosen === null) return noneOf(d, judged);
	const values = { name: chosen.system, fits: fitsOf(d, chosen, provenance), rest: restOf(d, chosen) };
	const tied = tiedForBest(d);
	if (tied.length < 2) return put("run", values);
	return put("tied", { ...values, names: several(tied, "or"), goal: put(`goal_${d.objective}`) });
};

// Evidence
const moreItems = (count) => (count < limits.few_items ? put("few_items") : put("more_items", { count: count < 1000 ? String(count) : roughly(count) }));
const openFigure = (check, currency) => {
	const figure = figureText(check, currency), { requirement, estimate, pMet, reason, items } = check;
	if (estimate === null || pMet === null) return reason ? put("because", { names: figure, reason }) : figure;
	const values = { figure, required: requiredText(requirement, currency), sure: sure(pMet) };
	return items === null ? put("with", values) : put("with_items", { ...values, items: moreItems(items) });
};
const evidenceOf = (d) => {
	const out = [...data.decision.first_evidence], judged = judgedIn(d), chosen = d.chosen === null ? null : systemIn(d, d.chosen), currency = currencyOf(d);
	if (d.best.length > 1) {
		const values = { names: several(d.best), items: d.items === null ? "" : moreItems(d.items) };
		if (tiedForBest(d).length === d.best.length) out.push(put(values.items ? "tie_items" : "tie", { ...values, goal: put(`goal_${d.objective}`) }));
		else if (values.items) out.push(put("leave_one", values));
	}
	if (chosen && chosen.regret !== null && judged.some((each) => each !== chosen)) {
		const words = d.objective === "benefit" ? benefitWords(d) : requestWords(d);
		const regret = d.objective === "accuracy" ? `${tenth(abs(chosen.regret))} points` : words.ofRequests(words.amount(chosen.regret));
		if (chosen.pBest === null) out.push(put("regret", { name: chosen.system, regret, fewest: limits.fewest_for_best }));
		else out.push(put("sure", { name: chosen.system, sure: sure(chosen.pBest), regret }));
		if (d.machine === known.machines.another_run) out.push(put("sure_of_another_run", { sessions: known.sessions.number }));
	}
	if (d.objective === "cost" && d.acceptability && !d.requirements.some(({ quantity }) => quantity === "accuracy")) {
		const { leaders } = d.acceptability, words = rightWords(d), after = leaders[leaders.findIndex(({ system }) => system === d.chosen) + 1];
		if (after && after !== leaders[0]) out.push(put("no_accuracy", { name: after.system, price: words.ofRight(words.amount(after.worth)) }));
	}
	for (const { system, checks } of judged.filter(({ qualifies }) => qualifies === "may").slice(0, limits.named)) {
		const figures = checks.filter(({ pMet }) => outcomeOf(pMet) === "may").map((each) => openFigure(each, currency));
		if (figures.length) out.push(put("may_meet", { name: system, figures: listed(figures) }));
	}
	for (const [machine, phrase] of [["this_run", "of_this_run"], ["another_run", "of_another_run"]]) {
		const of = judged.flatMap(({ checks }) => checks).filter((check) => check.machine === known.machines[machine]);
		const bounds = [...new Set(of.map(({ requirement: { quantity } }) => put(`quantity_${quantity}`)))];
		if (bounds.length) out.push(put(phrase, { bounds: listed(bounds), sessions: known.sessions && known.sessions.number }));
	}
	for (const [useless, names] of grouped(judged.filter((each) => each.useless), (each) => each.useless, ({ system }) => system))
		out.push(put(names.length === 1 ? "useless_one" : "useless_several", { names: several(names), useless }));
	if (d.objective === "prices" && d.acceptability && d.acceptability.leaders.length > 1) {
		const words = rightWords(d), [first, ...more] = d.acceptability.leaders;
		const from = more.map(({ system, worth }) => put("leads_from", { name: system, price: words.ofRight(words.amount(worth)) }));
		out.push(put("leads", { clauses: [put("leads_first", { name: first.system }), ...from].join(", ") }));
	}
	if (d.requirements.length || d.objective === "prices") return out; // a column of the table says it
	const apart = grouped(d.systems.filter((each) => each.apart), (each) => each.apart, ({ system }) => system);
	if (apart.length) out.push(put("not_judged", { clauses: apart.map(([reason, names]) => put("because", { names: several(names), reason })).join("; ") }));
	return out;
};

// The table
const qualifiesText = (each, currency) => {
	if (each.apart) return put("apart", { reason: each.apart });
	if (each.useless) return put("no_useless", { useless: each.useless });
	if (each.qualifies === "no") return put("no", { figures: failingChecks(each).map((check) => shortText(check, currency)).join(", ") });
	if (each.pQualifies === null)
		return put("may_unknown", { reason: [...new Set(each.checks.map(({ reason }) => reason).filter(Boolean))].join("; ") });
	return put(each.qualifies, { sure: sure(each.pQualifies) });
};
const priceCell = (d, each, words) => {
	if (each.apart) return put("apart", { reason: each.apart });
	const step = d.hull.find(({ dearer }) => dearer === each.system), only = selectedIn(d);
	if (step) return words.bounds(step.price);
	const line = d.hull.length ? onHull(d) : only ? [only.system] : [];
	if (line[0] === each.system) return put(each.useless ? "cheapest_useless" : "cheapest", { useless: each.useless });
	if (each.useless) return put("no_useless", { useless: each.useless });
	const leader = leadersOffHull(d).find(({ system }) => system === each.system);
	if (leader) {
		const [low, high] = [leader.low, leader.high].map(words.amount);
		return put(leader.low > 0 ? "choice_between" : "choice_below", { low, high, price: high });
	}
	if (!each.perRequest || !each.accuracy) return each.perRequest ? NONE : put("cost_unknown");
	if (maybeWorth(d, each)) return put("may_be_best");
	const asGood = line.map((name) => systemIn(d, name)).find((other) =>
		!other.useless && other.accuracy && other.perRequest && other.accuracy.at >= each.accuracy.at && other.perRequest.at <= each.perRequest.at);
	return asGood ? put("dominated", { name: asGood.system }) : put("between");
};
const tableOf = (d) => {
	const words = rightWords(d), columns = [{ key: "system", heading: "system", number: false, cells: d.systems.map(({ system }) => system) }];
	const add = (key, heading, cell, number = true) => {
		const cells = d.systems.map(cell);
		if (cells.some((text) => text !== NONE)) columns.push({ key, heading, number, cells });
	};
	add("accuracy", "accuracy", ({ accuracy }) => percents(accuracy));
	const name = { joules: "joules", grams: "CO2e", money: "cost", seconds: "seconds" }[d.unit], number = words.many && `${words.many} `;
	if (d.unit !== null) add("per-correct", `${name} per ${number}correct`, ({ perCorrect, perRequest, accuracy }) =>
		!perCorrect && perRequest && accuracy && accuracy.at === 0 ? "none correct" : words.bounds(perCorrect));
	if (d.tailShare !== null) add("tail", limits.tail, ({ tail }) => si(tail, "s"));
	if (d.objective === "benefit") {
		const gains = benefitWords(d);
		add("benefit", gains.many ? `net benefit per ${gains.many} requests` : "net benefit per request", ({ benefit }) => gains.bounds(benefit));
	}
	if (d.requirements.length) add("qualifies", "qualifies?", (each) => qualifiesText(each, currencyOf(d)), false);
	else if (d.objective === "prices" && d.systems.length > 1)
		add("price", words.many ? `${words.many} further right answers` : "a further right answer", (each) => priceCell(d, each, words), false);
	return columns;
};

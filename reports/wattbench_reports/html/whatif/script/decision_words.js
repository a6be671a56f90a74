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
const requestWords = (d, provenance) => { // money like the bound on it, where one is required
	const bounds = d.requirements.filter(({ quantity }) => quantity === "cost").map(({ bound }) => bound);
	return costWords(d.unit, d.label, bounds.length ? bounds : estimates(d, "perRequest"), provenance);
};
const rightWords = (d, provenance) =>
	costWords(d.unit, d.label, [...estimates(d, "perCorrect"), ...d.hull.map(({ price }) => price.at)], provenance);
const benefitWords = (d) => costWords("money", d.label, estimates(d, "benefit").map(abs));

// Requirements
const isOverall = ({ requirement: { quantity, domain } }) => quantity === "accuracy" && domain === null;
const inDomain = (text, { domain }) => (domain === null ? text : put("in_domain", { text, domain }));
const valueText = ({ quantity, bound }, value, currency) => {
	if (quantity === "accuracy") return percent(value);
	if (quantity === "memory") return `${digits(value)} GiB`;
	if (quantity === "p95") return si(value, "s");
	const words = quantity === "cost" ? costWords("money", currency, [bound]) : costWords(quantity, quantity === "joules" ? "J" : "g", []);
	return words.ofRequests(words.amount(value));
};
const plain = (text) => text.replace(/(\.\d*?)0+(?=\D|$)/g, (_, kept) => kept.replace(/\.$/, ""));
const boundText = (required, currency) => plain(valueText(required, required.bound, currency));
const requiredText = (required, currency) =>
	put(required.quantity === "accuracy" ? "at_least" : "at_most", { bound: boundText(required, currency) });
const fullText = (required, currency) =>
	inDomain(put(`figure_${required.quantity}`, { value: requiredText(required, currency) }), required);
const quantityText = (required) => inDomain(put(`quantity_${required.quantity}`), required);
const figureText = ({ requirement, estimate, low, within }, currency) => {
	if (low === null) return put("no_known", { quantity: quantityText(requirement) });
	if (within !== null) return put("within", { value: percent(within), limit: boundText(requirement, currency) });
	return inDomain(put(`figure_${requirement.quantity}`, { value: valueText(requirement, estimate, currency) }), requirement);
};
const distinctText = (value, required, text, same) => text !== same || value === required // both are formatted alike
	? text : put(value < required ? "just_below" : "just_above", { value: text });
const sideText = ({ requirement }, value, currency) => { // a bound that rounds to what is required and is not that
	if (value === null) return NONE;
	const share = requirement.quantity === "p95", required = share ? limits.share : requirement.bound;
	const [text, same] = [value, required].map((each) => (share ? percent(each) : valueText(requirement, each, currency)));
	return distinctText(value, required, text, same);
};
const boundedText = (check, currency) => { // what a system has at least or at most
	const { requirement, low, high, within } = check, [side, bound] = isLeast(requirement) ? ["at_least", low] : ["at_most", high];
	const value = put(side, { bound: sideText(check, bound, currency) });
	if (within !== null) return put("within", { value, limit: boundText(requirement, currency) });
	return inDomain(put(`figure_${requirement.quantity}`, { value }), requirement);
};
const needsText = ({ requirement: { quantity, bound }, high }, currency) => { // what a request costs at most, and what it may
	const words = quantity === "cost" ? costWords("money", currency, [bound]) : costWords(quantity, quantity === "joules" ? "J" : "g", []);
	const [text, same] = [high, bound].map(words.amount);
	return put(words.many ? "needs_many" : "needs", { bound: distinctText(high, bound, text, same), many: words.many, needed: plain(same) });
};
const ofCheck = ({ requirement }, text, currency) => requirement.quantity === "p95"
	? put("share_within", { share: text, limit: boundText(requirement, currency) }) : inDomain(text, requirement);
const lowText = (check, value, currency) => ofCheck(check, put("at_least", { bound: sideText(check, value, currency) }), currency);
const highText = (check, value, currency) => ofCheck(check, put("at_most", { bound: sideText(check, value, currency) }), currency);
const bothText = (check, currency) => put("from_to", { low: sideText(check, check.low, currency), high: sideText(check, check.high, currency) });
const shownText = (check, currency) => { // the bound that tells; where neither does, both
	const { requirement, low, high, outcome } = check;
	if (low === null) return put("no_known", { quantity: quantityText(requirement) });
	if (outcome === "may") return ofCheck(check, bothText(check, currency), currency);
	return isLeast(requirement) === (outcome === "yes") ? lowText(check, low, currency) : highText(check, high, currency);
};
const badSideText = (check, value, currency) => (isLeast(check.requirement) ? lowText : highText)(check, value, currency);

// Advice
const judgedIn = (d) => d.systems.filter((each) => !each.apart);
const systemIn = (d, name) => d.systems.find((each) => each.system === name);
const currencyOf = (d) => (d.unit === "money" ? d.label : "");
const onHull = ({ hull }) => (hull.length ? [hull[0].cheaper, ...hull.map(({ dearer }) => dearer)] : []);
const moreItems = (count) => (count < limits.few_items ? put("few_items") : put("more_items", { count: count < 1000 ? String(count) : roughly(count) }));
const lossIn = ({ objective }, { benefit, accuracy, perRequest }) => {
	const [figure, sign] = objective === "benefit" ? [benefit, -1] : objective === "accuracy" ? [accuracy, -1] : [perRequest, 1];
	return figure ? sign * figure.at : Infinity;
};
const openRivals = (d) => { // those that would be better, if they qualified, which they may
	const chosen = d.chosen !== null && systemIn(d, d.chosen);
	return chosen && d.requirements.length
		? judgedIn(d).filter((each) => !each.useless && !each.counted && each.qualifies !== "no" && lossIn(d, each) < lossIn(d, chosen)) : [];
};
const cheaperInDoubt = (d) => {
	const chosen = d.chosen === null ? null : systemIn(d, d.chosen);
	if (!chosen || !chosen.perCorrect) return [];
	return judgedIn(d).filter(({ useless, perCorrect }) => useless && perCorrect && perCorrect.at < chosen.perCorrect.at);
};
const rangeText = (words, first, last) => {
	const [low, high] = [first, last].map(words.amount), unitOf = (text) => text.slice(text.lastIndexOf(" ") + 1);
	if (low === high) return low;
	return put("from_to", { low: unitOf(low) === unitOf(high) ? low.slice(0, low.lastIndexOf(" ")) : low, high }); // the unit is said once
};
const chooseText = (d, provenance) => {
	const words = rightWords(d, provenance), { first, last, others } = d.between;
	const amount = (name) => { const { perCorrect } = systemIn(d, name); return words.amount(perCorrect && perCorrect.at); };
	const choice = (name, cost) => { const { accuracy } = systemIn(d, name); return put("choice", { name, accuracy: accuracy ? percent(accuracy.at) : NONE, cost }); };
	const price = rangeText(words, first.at, last.at), more = others.map(({ unit, label, first, last }) => rangeText(costWords(unit, label, []), first * words.factor, last * words.factor));
	const text = more.length ? put("or_in", { price, others: more.join(", ") }) : price;
	return put("choose", {
		cheaper: choice(d.between.cheaper, words.ofRight(amount(d.between.cheaper))), dearer: choice(d.between.dearer, amount(d.between.dearer)), price: words.qualified(text),
		further: put(words.many ? "further_many" : "further", { many: words.many }),
	});
};
const requiredOf = ({ checks }, d, accuracy, alone) => {
	const currency = currencyOf(d);
	if (checks.length > 1) return put(checks.length === 2 ? "meets_both" : "meets_all", { count: checks.length });
	if (!checks.length) return put(alone ? "is_accurate" : "most_accurate", { accuracy });
	const [only] = checks, needed = only.within !== null ? put("share_needed") : boundText(only.requirement, currency);
	if (["cost", "joules", "grams"].includes(only.requirement.quantity)) return needsText(only, currency);
	return isOverall(only) ? put("is_required", { accuracy, shown: badSideText(only, only.low, currency), needed })
		: put("has_required", { figure: boundedText(only, currency), needed });
};
const fitsOf = (d, chosen, provenance) => {
	const accuracy = chosen.accuracy ? percent(chosen.accuracy.at) : NONE, alone = judgedIn(d).length < 2 || d.best.length > 1, { checks, benefit, perRequest, perCorrect } = chosen;
	if (d.objective === "prices") {
		const words = rightWords(d, provenance), cost = words.qualified(words.ofRight(words.amount(perCorrect && perCorrect.at)));
		const fits = put(alone ? "is_accurate" : "most_accurate", { accuracy });
		return put(alone || cheaperInDoubt(d).length ? "at_cost" : "best_of_both", { fits, accuracy, cost });
	}
	if (d.objective === "benefit" && benefit) {
		const gains = benefitWords(d);
		return put(benefit.at < 0 ? "has_loss" : "has_benefit", { benefit: gains.ofRequests(gains.bounds(benefit)) });
	}
	const fits = requiredOf(chosen, d, accuracy, alone), said = checks.length === 1 && checks[0].requirement.quantity === (d.unit === "money" ? "cost" : d.unit);
	if (!perRequest || d.unit === null || said) return fits;
	const words = requestWords(d, provenance);
	return put("at_cost", { fits, cost: words.qualified(words.ofRequests(words.amount(perRequest.at))) });
};
const nextOf = (d, { system, perRequest, accuracy }) => {
	const figure = d.objective === "cost" && perRequest ? requestWords(d).amount(perRequest.at) : d.objective === "accuracy" && accuracy ? percent(accuracy.at) : "";
	return figure && put("next", { name: system, figure });
};
const costsUnknown = (d) => (d.objective === "accuracy" && d.whyNoCost ? put("costs_unknown") : "");
const restOf = (d, chosen) => {
	const others = judgedIn(d).filter((each) => each !== chosen), rivals = openRivals(d);
	if (!others.length) return put(d.systems.length === 1 ? "only_one" : "only_comparable");
	const unknown = costsUnknown(d);
	if (rivals.length)
		return unknown + put(d.objective === "cost" ? "may_too_cheaper" : "may_too", { names: several(rivals.map(({ system }) => system), "or", 1) });
	if (d.objective === "prices") {
		const doubted = cheaperInDoubt(d).map(({ system }) => system);
		return doubted.length ? put(doubted.length === 1 ? "but_in_doubt" : "but_several_in_doubt", { names: several(doubted, "and", 1) }) : "";
	}
	if (d.objective === "benefit") return unknown;
	const counted = others.filter((each) => each.counted && !each.useless), untied = counted.find((each) => !d.best.includes(each.system));
	if (!counted.length) return unknown + put(chosen.checks.length === 1 ? "none_meets_it" : "none_meets_them");
	return unknown + (untied ? nextOf(d, untied) : "");
};
const noneOf = (d, judged) => {
	if (d.surest === null) return put("none", { reason: d.whyNone || put(judged.every(({ accuracy }) => !accuracy) ? "unscored" : "nothing") });
	const surest = systemIn(d, d.surest), currency = currencyOf(d), failed = surest.qualifies === "no", { checks, system } = surest;
	const first = d.items === null ? put("run_none") : put("ask_more", { items: moreItems(d.items) });
	if (checks.length === 1) {
		const [only] = checks;
		let bound = failed ? shownText(only, currency) : badSideText(only, surest.countedBounds[0], currency);
		if (!failed && d.choiceOf > 1) bound = put("chosen_among", { shown: bound, count: d.choiceOf });
		const shown = isOverall(only) ? put("in_brackets", { figure: percent(only.estimate), bound }) : "";
		return put(failed ? "none_has" : "none_shown", { first, required: fullText(only.requirement, currency), name: system, shown });
	}
	const lacking = checks.filter(({ outcome }) => outcome === (failed ? "no" : "may"));
	const quantities = listed((lacking.length ? lacking : checks).map(({ requirement }) => quantityText(requirement)));
	return put(failed ? "none_meets" : "none_shown_all", { first, count: checks.length, name: system, quantities });
};
const isAbove = (one, other) => one && other && one.low >= other.high;
const maybeWorth = (d, each) => { // at some worth of a right answer, as far as is known
	const others = judgedIn(d).filter((other) => other !== each && !other.useless);
	return !each.useless && Boolean(each.notExcluded)
		&& !others.some((other) => isAbove(other.accuracy, each.accuracy) && isAbove(each.perCorrect, other.perCorrect));
};
const leadersOffHull = (d) => { // the best that is not in doubt, and the worths of a right answer from and up to which it is
	const line = onHull(d);
	return d.leaders.slice(0, -1).map(({ system, worth }, k) => ({ system, low: worth, high: d.leaders[k + 1].worth })).filter(({ system }) => !line.includes(system));
};
const adviceOf = (d, provenance) => {
	if (d.between) return chooseText(d, provenance);
	if (d.chosen === null) return noneOf(d, judgedIn(d));
	const chosen = systemIn(d, d.chosen), values = { name: chosen.system, fits: fitsOf(d, chosen, provenance) };
	if (d.best.length < 2) return put("run", { ...values, rest: restOf(d, chosen) });
	return put("tied", { ...values, rest: costsUnknown(d), names: several(d.best, "or"), goal: put(`goal_${d.objective}`) });
};

// Evidence
const openFigure = (check, currency) => {
	const figure = figureText(check, currency), { requirement, low, within, reason, items } = check;
	if (low === null) return reason ? put("because", { names: figure, reason }) : figure;
	const required = within !== null ? put("at_least", { bound: put("share_needed") }) : requiredText(requirement, currency);
	const values = { figure, bounds: bothText(check, currency), required };
	return items === null ? put("with", values) : put("with_items", { ...values, items: moreItems(items) });
};
const evidenceOf = (d) => {
	const out = [...data.decision.first_evidence], judged = judgedIn(d), currency = currencyOf(d);
	if (d.between) out.push(put("ask", { ask }));
	if (d.best.length > 1) {
		const values = { names: several(d.best), items: d.items === null ? "" : moreItems(d.items) };
		out.push(put(values.items ? "tie_items" : "tie", { ...values, goal: put(`goal_${d.objective}`) }));
	}
	if (d.requirements.length) {
		const name = d.chosen ?? d.surest, one = name === null ? null : systemIn(d, name);
		out.push(put("risk", { risk: `${Number((100 * d.risk).toPrecision(6))}%` }));
		if (one && one.qualifies !== "no" && d.choiceOf > 1) {
			const counted = listed(one.checks.map((check, k) => badSideText(check, one.countedBounds[k], currency)));
			out.push(put("counted", { count: d.choiceOf, name, counted }));
		}
	}
	if (d.objective === "cost" && !d.requirements.some(({ quantity }) => quantity === "accuracy")) {
		const words = rightWords(d), after = d.leaders[d.leaders.findIndex(({ system }) => system === d.chosen) + 1];
		if (after && after !== d.leaders[0]) out.push(put("no_accuracy", { name: after.system, price: words.ofRight(words.amount(after.worth)) }));
	}
	for (const { system, checks } of judged.filter(({ qualifies }) => qualifies === "may").slice(0, limits.named)) {
		const figures = checks.filter(({ outcome }) => outcome === "may").map((each) => openFigure(each, currency));
		if (figures.length) out.push(put("may_meet", { name: system, figures: listed(figures) }));
	}
	for (const [machine, phrase] of [["this_run", "of_this_run"], ["another_run", "of_another_run"]]) {
		const of = judged.flatMap(({ checks }) => checks).filter((check) => check.machine === known.machines[machine]);
		const bounds = [...new Set(of.map(({ requirement: { quantity } }) => put(`quantity_${quantity}`)))];
		if (bounds.length) out.push(put(phrase, { bounds: listed(bounds), sessions: known.sessions && known.sessions.number }));
	}
	for (const [useless, names] of grouped(judged.filter((each) => each.useless), (each) => each.useless, ({ system }) => system))
		out.push(put(names.length === 1 ? "useless_one" : "useless_several", { names: several(names), useless }));
	if (d.objective === "prices" && d.leaders.length > 1) {
		const words = rightWords(d), [first, ...more] = d.leaders;
		const from = more.map(({ system, worth }) => put("leads_from", { name: system, price: words.ofRight(words.amount(worth)) }));
		out.push(put("leads", { clauses: [put("leads_first", { name: first.system }), ...from].join(", ") }));
	}
	if (d.objective === "accuracy" && d.whyNoCost) out.push(put("no_costs", { reason: d.whyNoCost }));
	if (d.requirements.length || d.objective === "prices") return out; // a column of the table says it
	const apart = grouped(d.systems.filter((each) => each.apart), (each) => each.apart, ({ system }) => system);
	if (apart.length) out.push(put("not_judged", { clauses: apart.map(([reason, names]) => put("because", { names: several(names), reason })).join("; ") }));
	return out;
};

// The table
const qualifiesText = (each, d) => {
	const currency = currencyOf(d), deciding = each.checks.filter(({ outcome }) => outcome === each.qualifies);
	if (each.apart) return put("apart", { reason: each.apart });
	if (each.useless) return put("in_doubt");
	const bounds = deciding.filter(({ low }) => low !== null).map((check) => shownText(check, currency)).join("; ");
	if (each.qualifies === "may") {
		const unknown = [...new Set(deciding.map(({ reason }) => reason).filter(Boolean))].map((reason) => put("may_unknown", { reason }));
		return [...unknown, ...(bounds ? [put("may", { bounds })] : [])].join("; ");
	}
	if (each.qualifies === "yes" && !each.counted) {
		const counted = each.checks.map((check, k) => badSideText(check, each.countedBounds[k], currency)).join("; ");
		return put("alone", { bounds, counted, count: d.choiceOf });
	}
	return put(each.qualifies, { bounds });
};
const priceCell = (d, each, words) => {
	if (each.apart) return put("apart", { reason: each.apart });
	const step = d.hull.find(({ dearer }) => dearer === each.system);
	if (step) return words.bounds(step.price);
	const line = d.hull.length ? onHull(d) : d.chosen !== null ? [d.chosen] : [];
	if (line[0] === each.system) return put(each.useless ? "cheapest_useless" : "cheapest");
	if (each.useless) return put("in_doubt");
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
	if (d.unit !== null && d.objective === "cost") {
		const requests = requestWords(d);
		add("per-request", requests.many ? `${name} per ${requests.many} requests` : `${name} per request`, ({ perRequest }) => requests.bounds(perRequest));
	}
	if (d.unit !== null) add("per-correct", `${name} per ${number}correct`, ({ perCorrect, perRequest, accuracy }) =>
		!perCorrect && perRequest && accuracy && accuracy.at === 0 ? "none correct" : words.bounds(perCorrect));
	if (d.tailShare !== null) add("tail", limits.tail, ({ tail }) => si(tail, "s"));
	if (d.objective === "benefit") {
		const gains = benefitWords(d);
		add("benefit", gains.many ? `net benefit per ${gains.many} requests` : "net benefit per request", ({ benefit }) => gains.bounds(benefit));
	}
	if (d.requirements.length) add("qualifies", "qualifies?", (each) => qualifiesText(each, d), false);
	else if (d.objective === "prices" && d.systems.length > 1)
		add("price", words.many ? `${words.many} further right answers` : "a further right answer", (each) => priceCell(d, each, words), false);
	return columns;
};

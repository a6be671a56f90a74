// The headline and its two answers, as in wording/verdict.py.
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

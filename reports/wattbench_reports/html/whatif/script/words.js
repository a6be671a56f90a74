// Figures as in formatting/units.py, and lists of names.
const commas = (text) => text.replace(/\d+/, (n) => n.replace(/\B(?=(\d{3})+$)/g, ","));
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const digits = (value) => {
	if (!isFinite(value)) return value < 0 ? "-∞" : "∞";
	const rounded = Number(value.toPrecision(3)), power = Number(rounded.toExponential().split("e")[1]);
	if (power < -6 || power > 11) return rounded.toExponential(2).replace(/e.*/, "×10") + `${power}`.replace(/./g, (sign) => RAISED[sign] ?? "⁻");
	return rounded ? commas(rounded.toFixed(max(0, 2 - power))) : "0";
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
const amount = (value) => (abs(value) >= 999500 && isFinite(value) ? commas(value.toFixed(0)) : digits(value));
const moneyFactor = (value) => [[1e9, " billion"], [1e6, " million"]].find(([own]) => isFinite(value) && abs(value) >= 0.9995 * own) || [1, ""];
const moneyText = (value, currency) => {
	const [factor, word] = moneyFactor(value);
	return `${amount(value / factor)}${word} ${currency}`;
};
const moneyBounds = (i, currency) => {
	const [factor, word] = moneyFactor(i.at), [at, low, high] = [i.at, i.low, i.high].map((each) => amount(each / factor));
	return `${at} [${low}, ${high}]${word} ${currency}${i.few ? data.constants.few_mark : ""}`;
};
const moneyScale = (values) => { // for how many requests sums are stated, and that number in words
	const known = values.map(abs).filter((each) => isFinite(each) && each), most = known.length ? max(...known) : 1;
	const scales = [[1, ""], [1e3, "1,000"], [1e6, "million"], [1e9, "billion"]], fit = scales.slice(0, 3).find(([own]) => (known.length ? min(...known) : 1) * own >= 0.01);
	return fit || scales[most * 1e6 >= 0.01 ? 2 : 3];
};
const roughly = (value) => (value >= 1e6 && isFinite(value) ? si(value, "").trimEnd() : digits(value));
const grams = (value) => si(value, "g");
const listed = (names, word = "and") =>
	names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${word} ${names[names.length - 1]}`;
const fillIn = (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const fill = (phrase, values) => fillIn(say[phrase], values);

// Figures as in formatting/units.py, and lists of names.
const commas = (text) => text.replace(/\d+/, (n) => n.replace(/\B(?=(\d{3})+$)/g, ","));
const digits = (value) => {
	if (!isFinite(value)) return "∞";
	const rounded = Number(value.toPrecision(3)), size = abs(rounded), sign = value < 0 ? "-" : "";
	if (size && size < 1e-3) return `${sign ? "over" : "under"} ${sign}0.001`;
	if (size > 1e12) return `${sign ? "under" : "over"} ${sign}1,000,000,000,000`;
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

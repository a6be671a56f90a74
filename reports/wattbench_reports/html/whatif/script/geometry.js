// Where things are in the picture of a decision, in units of its view box, in which a letter is LETTER wide.
// Cost runs to the right: logarithmic if the dearest system costs at least WIDE times the cheapest and none is free, else from 0.
// Accuracy runs upwards, from a multiple of 10 points (20, where it spans more than half of the scale) to another.
// A label takes the first of eight places that has no mark or label in it, of those one that crosses the fewest bars; without one it is left out.
const [LEFT, RIGHT, TOP, BOTTOM, INSET, MARK, LETTER, LINE, WIDE, TICKS] = [40, 394, 20, 192, 9, 6, 6.4, 13, 10, 6];
const { floor, ceil, log10 } = Math;
const shareAlong = ({ low, high, logarithmic }, value) => {
	const share = logarithmic ? log(max(value, low) / low) / log(high / low) : (value - low) / (high - low);
	return min(max(share, 0), 1);
};
const across = (scale, cost) => LEFT + INSET + shareAlong(scale, cost) * (RIGHT - LEFT - 2 * INSET);
const up = (scale, accuracy) => BOTTOM - INSET - shareAlong(scale, accuracy) * (BOTTOM - TOP - 2 * INSET);
const power10 = (power) => Number(`1e${power}`);
const nice = (value) => {
	const power = power10(floor(log10(value)));
	return [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= value * (1 - 1e-9));
};
const logTicks = (low, high) => {
	const first = floor(log10(low)), powers = range(ceil(log10(high)) - first + 1).map((each) => first + each);
	let within = [];
	for (const [factors, every] of [[[1, 2, 5], 1], [[1, 3], 1], [[1], 1], [[1], 2], [[1], 3], [[1], 6]]) {
		const ticks = powers.filter((power) => power % every === 0).flatMap((power) => factors.map((factor) => factor * power10(power)));
		within = ticks.filter((tick) => low <= tick && tick <= high);
		if (within.length <= TICKS) break;
	}
	return within;
};
const costScale = (costs) => {
	const known = costs.filter(isFinite), least = known.length ? min(...known) : 0, most = known.length ? max(...known) : 0;
	if (least > 0 && most >= WIDE * least) {
		const room = (most / least) ** 0.06, [low, high] = [least / room, most * room];
		return { low, high, logarithmic: true, ticks: logTicks(low, high) };
	}
	const high = 1.06 * most || 1, step = nice(high / 5);
	return { low: 0, high, logarithmic: false, ticks: range(floor(high / step + 1e-9) + 1).map((number) => number * step) };
};
const accuracyScale = (lows, highs) => {
	const least = lows.length ? min(...lows) : 0, most = min(highs.length ? max(...highs) : 1, 1), tenths = most - least > 0.5 ? 2 : 1;
	const high = min(max(ceil((10 * most) / tenths - 1e-9) * tenths, tenths), 10);
	const low = min(floor((10 * least) / tenths + 1e-9) * tenths, high - tenths);
	return { low: low / 10, high: high / 10, logarithmic: false, ticks: range((high - low) / tenths + 1).map((k) => (low + k * tenths) / 10) };
};
const textWidth = (text) => LETTER * [...text].reduce((total, letter) => total + (letter.codePointAt(0) >= 0x2e80 ? 2 : 1), 0);
const labelPlaces = ({ x, y }) => {
	const right = x + MARK + 1, left = x - MARK - 1, above = y - 4, below = y + LINE - 1, level = y + 4;
	return [
		[right, above, "start"], [right, below, "start"], [left, above, "end"], [left, below, "end"],
		[right, level, "start"], [left, level, "end"], [x, y - MARK - 4, "middle"], [x, y + MARK + LINE - 1, "middle"],
	].map(([x, y, anchor]) => ({ x, y, anchor }));
};
const meet = (one, other) => one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
const labelsOf = (marks, texts) => {
	const taken = marks.map(({ x, y }) => [x - MARK, y - MARK, x + MARK, y + MARK]);
	const bars = [...marks.map(({ left, right, y }) => [left, y, right, y]), ...marks.map(({ x, top, bottom }) => [x, top, x, bottom])];
	return texts.map((text, k) => {
		let best = null;
		for (const label of text ? labelPlaces(marks[k]) : []) {
			const width = textWidth(text), left = label.x - { start: 0, middle: width / 2, end: width }[label.anchor];
			const box = [left, label.y - LINE + 3, left + width, label.y + 3];
			if (box[0] < LEFT || box[1] < TOP - 6 || box[2] > RIGHT || box[3] > BOTTOM || taken.some((each) => meet(box, each))) continue;
			const crossed = bars.filter((bar) => meet(box, bar)).length;
			if (!best || crossed < best.crossed) best = { crossed, label, box };
		}
		if (best) taken.push(best.box);
		return best && best.label;
	});
};

// Student's t, the normal and the beta distribution, standard errors and the jackknife of stats/block_ratios.py.
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
const quantiles = new Map();
const quantileAt = (p, df) => { // Student's t, of a probability of a half or more
	const key = `${p} ${min(df, student.length - 1)}`;
	if (!quantiles.has(key)) {
		let [low, high] = [0, 1];
		while (below(high, df) < p) high *= 2;
		for (let k = 0; k < 60; k++) { const middle = (low + high) / 2; below(middle, df) < p ? (low = middle) : (high = middle); }
		quantiles.set(key, p === 0.5 ? 0 : (low + high) / 2);
	}
	return quantiles.get(key);
};
const logGamma = (x) => { // Stirling's series from 15 on: Abramowitz and Stegun, 6.1.41
	let shift = 0;
	for (; x < 15; x++) shift += log(x);
	const y = 1 / (x * x), series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
	return (x - 0.5) * log(x) - x + 0.5 * log(2 * Math.PI) + series - shift;
};
const incompleteBeta = (a, b, x) => { // regularised: a continued fraction, Numerical Recipes, 6.4
	if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
	if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x);
	const away = (value) => (abs(value) < 1e-300 ? 1e-300 : value);
	let c = 1, d = 1 / away(1 - ((a + b) * x) / (a + 1)), fraction = d;
	for (let m = 1; m < 2000; m++) {
		let change = 1;
		for (const term of [(m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)), (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))]) {
			d = 1 / away(1 + term * d);
			c = away(1 + term / c);
			fraction *= change = d * c;
		}
		if (abs(change - 1) < 1e-13) break;
	}
	return (exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log(1 - x)) * fraction) / a;
};
const betaAt = (a, b, p) => {
	let [low, high] = [0, 1];
	for (let k = 0; k < 60; k++) { const middle = (low + high) / 2; incompleteBeta(a, b, middle) < p ? (low = middle) : (high = middle); }
	return (low + high) / 2;
};

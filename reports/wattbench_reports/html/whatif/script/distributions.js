// Student's t, the normal distribution, standard errors and the jackknife of stats/block_ratios.py.
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

// Marks the words of a text that another lacks: the longest common subsequence of words, for texts of bounded length.
const MOST_CELLS = 4e6;
const wordsOf = (text) => text.match(/\s+|[\p{L}\p{N}\p{M}_]+|./gsu) ?? [];
const unshared = (one, other) => { // two lists of words: for each word, whether it is in the common subsequence
	let start = 0, end = 0;
	while (start < Math.min(one.length, other.length) && one[start] === other[start]) start++;
	while (end < Math.min(one.length, other.length) - start && one[one.length - 1 - end] === other[other.length - 1 - end]) end++;
	const n = one.length - start - end, m = other.length - start - end;
	const same = [one, other].map((words) => words.map((_, k) => k < start || k >= words.length - end));
	if (n * m > MOST_CELLS) return same; // all between the common start and end is marked
	const longest = new Uint16Array((n + 1) * (m + 1)), at = (i, j) => i * (m + 1) + j;
	for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) {
		longest[at(i, j)] = one[start + i] === other[start + j] ? longest[at(i + 1, j + 1)] + 1 : Math.max(longest[at(i + 1, j)], longest[at(i, j + 1)]);
	}
	for (let i = 0, j = 0; i < n && j < m;) {
		if (one[start + i] === other[start + j]) same[0][start + i++] = same[1][start + j++] = true;
		else if (longest[at(i + 1, j)] >= longest[at(i, j + 1)]) i++;
		else j++;
	}
	return same;
};
const marked = (words, same) => { // texts and elements that mark what the other lacks
	const parts = [];
	for (let k = 0; k < words.length;) {
		const shared = same[k];
		let text = "";
		while (k < words.length && same[k] === shared) text += words[k++];
		parts.push(shared ? text : made("mark", {}, text));
	}
	return parts;
};
const differences = (one, other) => {
	const words = [one, other].map(wordsOf), same = unshared(...words);
	return words.map((each, k) => marked(each, same[k]));
};

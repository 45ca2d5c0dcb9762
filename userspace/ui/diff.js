// SPDX-License-Identifier: GPL-2.0-or-later
// The difference of two texts, line by line (longest common subsequence), with a little around it.
export function diff(a, b) {
	const x = a.split("\n"), y = b.split("\n"), n = x.length, m = y.length;
	let head = 0, tail = 0;

	while (head < n && head < m && x[head] === y[head])
		head++;
	while (tail < n - head && tail < m - head && x[n - 1 - tail] === y[m - 1 - tail])
		tail++;
	const p = x.slice(head, n - tail), q = y.slice(head, m - tail);
	const best = Array.from({ length: p.length + 1 }, () => new Uint32Array(q.length + 1));

	for (let i = p.length - 1; i >= 0; i--)
		for (let j = q.length - 1; j >= 0; j--)
			best[i][j] = p[i] === q[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
	const out = x.slice(0, head).map((t) => [" ", t]);
	let i = 0, j = 0;

	while (i < p.length || j < q.length)
		if (i < p.length && j < q.length && p[i] === q[j])
			out.push([" ", p[i]]), i++, j++;
		else if (j < q.length && (i === p.length || best[i][j + 1] > best[i + 1][j]))
			out.push(["+", q[j++]]);
		else
			out.push(["-", p[i++]]);
	return out.concat(x.slice(n - tail).map((t) => [" ", t]));
}

export function context(lines, around = 3) {
	const near = lines.map((l, i) => lines.slice(Math.max(0, i - around), i + around + 1).some(([k]) => k !== " "));
	const out = [];

	lines.forEach((l, i) => {
		if (near[i])
			out.push(l);
		else if (i && near[i - 1] || !out.length)
			out.push(["…", ""]);
	});
	return out;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>

#include "base/own.h"
#include "core/membership.h"

void membership_init(struct membership *m, unsigned self, struct quorum quorum)
{
	assert(self < PICKET_CONTROLLERS_MAX);
	*m = (struct membership){ .self = self, .quorum = quorum, .present = 1u << self };
}

void membership_done(struct membership *m)
{
	free(m->rows);
	m->rows = NULL;
	m->n = m->cap = 0;
}

static struct membership_row *find(const struct membership *m, uint32_t node)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->rows[i].node == node)
			return &m->rows[i];
	return NULL;
}

const struct membership_row *membership_row(const struct membership *m, uint32_t node)
{
	return find(m, node);
}

static struct membership_row *row_of(struct membership *m, uint32_t node)
{
	struct membership_row *row = find(m, node);

	if (row || m->n > PICKET_NODES_MAX)
		return row;
	own_grow(m->rows, m->n, m->cap);
	m->rows[m->n] = (struct membership_row){ .node = node };
	return &m->rows[m->n++];
}

void membership_nodes(struct membership *m, const uint32_t *nodes, const unsigned *links, size_t n)
{
	for (size_t i = 0; i < m->n; i++) {
		m->rows[i].links = 0;
		m->rows[i].expected = false;
	}
	for (size_t i = 0; i < n; i++) {
		struct membership_row *row = row_of(m, nodes[i]);

		if (row)
			row->links = links[i];
	}
}

void membership_expect(struct membership *m, uint32_t node, bool expected)
{
	struct membership_row *row = find(m, node);

	if (row)
		row->expected = expected;
}

void membership_note(struct membership *m, unsigned controller, uint32_t node, unsigned link,
	const struct membership_cell *cell)
{
	struct membership_row *row;
	struct membership_cell *old;

	if (controller >= PICKET_CONTROLLERS_MAX || link >= PICKET_LINKS_MAX)
		return;
	row = row_of(m, node);
	if (!row || (cell->incarnation && cell->incarnation < row->incarnation))
		return;
	old = &row->cell[controller][link];
	*old = (struct membership_cell){ true, cell->heard, cell->incarnation,
		cell->last_ns ? cell->last_ns : old->last_ns };
}

void membership_come(struct membership *m, unsigned controller)
{
	m->present |= 1u << controller;
}

void membership_gone(struct membership *m, unsigned controller)
{
	if (controller == m->self)
		return;
	m->present &= ~(1u << controller);
	m->mute &= ~(1u << controller);
	m->stalled &= ~(1u << controller);
	for (size_t i = 0; i < m->n; i++)
		for (unsigned l = 0; l < PICKET_LINKS_MAX; l++)
			m->rows[i].cell[controller][l].heard = m->rows[i].cell[controller][l].told =
				false;
}

void membership_mute(struct membership *m, unsigned controller, bool mute)
{
	m->mute = mute ? m->mute | 1u << controller : m->mute & ~(1u << controller);
}

void membership_stall(struct membership *m, unsigned controller, bool stalled)
{
	m->stalled = stalled ? m->stalled | 1u << controller : m->stalled & ~(1u << controller);
}

void membership_begin(struct membership *m, uint32_t node, uint64_t incarnation)
{
	struct membership_row *row = find(m, node);

	if (!row)
		return;
	row->incarnation = incarnation;
	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++)
		for (unsigned l = 0; l < PICKET_LINKS_MAX; l++)
			if (row->cell[c][l].incarnation < incarnation)
				row->cell[c][l] = (struct membership_cell){ 0 };
}

static bool hears(const struct membership_row *row, unsigned controller)
{
	for (unsigned l = 0; l < row->links; l++)
		if (row->cell[controller][l].heard)
			return true;
	return false;
}

uint32_t membership_voices(const struct membership *m, uint32_t node)
{
	const struct membership_row *row = find(m, node);
	uint32_t who = 0;

	for (unsigned c = 0; row && c < PICKET_CONTROLLERS_MAX; c++)
		if ((m->present & 1u << c) && hears(row, c))
			who |= 1u << c;
	return who;
}

bool membership_heard(const struct membership *m, uint32_t node)
{
	return quorum_enough(&m->quorum, membership_voices(m, node));
}

static bool told(const struct membership_row *row, unsigned controller)
{
	for (unsigned l = 0; l < row->links; l++)
		if (row->cell[controller][l].told)
			return true;
	return false;
}

bool membership_doubtful(const struct membership *m, uint32_t node)
{
	const struct membership_row *row = find(m, node);
	uint32_t voices = membership_voices(m, node), silent = 0;

	for (unsigned c = 0; row && c < PICKET_CONTROLLERS_MAX; c++)
		if ((m->present & 1u << c) && told(row, c) && !hears(row, c))
			silent |= 1u << c;
	return !quorum_enough(&m->quorum, voices) && quorum_enough(&m->quorum, ~silent);
}

uint64_t membership_last(const struct membership *m, uint32_t node)
{
	const struct membership_row *row = find(m, node);
	uint64_t last = 0;

	for (unsigned c = 0; row && c < PICKET_CONTROLLERS_MAX; c++)
		for (unsigned l = 0; l < row->links; l++)
			if (row->cell[c][l].last_ns > last)
				last = row->cell[c][l].last_ns;
	return last;
}

/* ---- what is broken ----------------------------------------------------------------------------
 */

struct finder {
	const struct membership *m;
	struct membership_fault *ret;
	size_t n, max;
	uint32_t cut;                    /* controllers explained already */
	uint32_t deaf[PICKET_LINKS_MAX]; /* by link */
};

static void found(struct finder *f, struct membership_fault fault)
{
	if (f->n < f->max)
		f->ret[f->n] = fault;
	f->n++;
}

static bool voter(const struct membership *m, unsigned c)
{
	return ((m->quorum.now | m->quorum.next) & 1u << c) != 0;
}

/* How many expected nodes controller c hears on the link; link < 0: on any. */
static size_t hears_many(const struct membership *m, unsigned c, int link)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		if (m->rows[i].expected &&
			(link < 0 ? hears(&m->rows[i], c) : m->rows[i].cell[c][link].heard))
			n++;
	return n;
}

/* The same of all the others together. */
static size_t others_hear(const struct membership *m, unsigned c, int link)
{
	size_t most = 0;

	for (unsigned o = 0; o < PICKET_CONTROLLERS_MAX; o++)
		if (o != c && (m->present & 1u << o) && hears_many(m, o, link) > most)
			most = hears_many(m, o, link);
	return most;
}

static void find_controllers(struct finder *f)
{
	const struct membership *m = f->m;

	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++) {
		if (!voter(m, c))
			continue;
		if (!(m->present & 1u << c)) {
			f->cut |= 1u << c;
			found(f, (struct membership_fault){
					 MEMBERSHIP_CONTROLLER, .controller = c });
		} else if (!hears_many(m, c, -1) && others_hear(m, c, -1)) {
			f->cut |= 1u << c;
			found(f, (struct membership_fault){ MEMBERSHIP_CUT, .controller = c });
		} else if (m->mute & 1u << c) {
			found(f, (struct membership_fault){ MEMBERSHIP_MUTE, .controller = c });
		}
		if (m->stalled & 1u << c)
			found(f, (struct membership_fault){ MEMBERSHIP_STALLED, .controller = c });
		for (unsigned l = 0; l < PICKET_LINKS_MAX && !(f->cut & 1u << c); l++)
			if (!hears_many(m, c, (int)l) && others_hear(m, c, (int)l) > 1) {
				f->deaf[l] |= 1u << c;
				found(f, (struct membership_fault){
						 MEMBERSHIP_DEAF, .controller = c, .link = l });
			}
	}
}

static void find_paths(struct finder *f, const struct membership_row *row, unsigned l)
{
	uint32_t able = f->m->present & ~f->cut & ~f->deaf[l], deaf = 0;

	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++)
		if ((able & 1u << c) && voter(f->m, c) && !row->cell[c][l].heard)
			deaf |= 1u << c;
		else if (!voter(f->m, c))
			able &= ~(1u << c);
	if (deaf && deaf == able) {
		found(f, (struct membership_fault){ MEMBERSHIP_LINK, row->node, .link = l });
		return;
	}
	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++)
		if (deaf & 1u << c)
			found(f, (struct membership_fault){ MEMBERSHIP_PATH, row->node, c, l });
}

size_t membership_faults(const struct membership *m, struct membership_fault *ret, size_t max)
{
	struct finder f = { .m = m, .ret = ret, .max = max };

	find_controllers(&f);
	for (size_t i = 0; i < m->n; i++) {
		if (!m->rows[i].expected)
			continue;
		if (!membership_voices(m, m->rows[i].node)) {
			found(&f, (struct membership_fault){ MEMBERSHIP_NODE, m->rows[i].node });
			continue;
		}
		for (unsigned l = 0; l < m->rows[i].links; l++)
			find_paths(&f, &m->rows[i], l);
	}
	return f.n;
}

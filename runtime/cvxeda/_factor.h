/* N = A A' + M D M' and the Schur complement of the border A G, factored.
 *
 * N's factor is a recursion that waits for a quotient in every row, so it runs beside the two of
 * `filter`, which wait too. Then the border is substituted and multiplied, knot by knot, in blocks
 * that stay in cache. What substitution leaves of splines behind their support fades, and is
 * dropped.
 */

/* Substituted columns start at size 1; below this nothing is left of them in double precision. */
#define FADED 1e-17

/* What a step needs of the iterate; beyond the end, where it is zero, so are its quotients. */
INLINE void divide(Problem *q) {
    for (Py_ssize_t i = 0; i < q->n; i += LANES) {
        const lanes p = load(q->driver + i), inverse = 1.0 / load(q->slack + i);
        store(q->inverse_slack + i, inverse);
        store(q->inverse_driver + i, 1.0 / p);
        store(q->ratio + i, p * inverse);
        store(q->change + i, -p);
    }
    double *quotients[] = {q->inverse_slack, q->inverse_driver, q->ratio};
    for (int k = 0; k < 3; k++) memset(quotients[k] + q->n, 0, LANES * sizeof(double));
}

/* What the three recursions carry from row to row: the last value and the one before of each. */
typedef struct {
    double forward, backward, inverse, below;
} Carried;

/* Row i of K p and of N = L diag(d) L', and row k of K'v. The last row is `last`; `before`, the one
 * before it, becomes this one: to hand them on would lengthen the wait. */
INLINE void filter_row(
    Problem *q, Py_ssize_t i, Py_ssize_t k, const Carried *last, Carried *before) {
    const double a1 = q->a1, a2 = q->a2, m = q->m, m2 = m * m;
    const double f = (q->driver[i] - a2 * before->forward) - a1 * last->forward;
    const double b = (q->dual[k] - a2 * before->backward) - a1 * last->backward;
    q->phasic[i] = m * ((f + before->forward) + 2.0 * last->forward);
    q->correlation[k] = m * ((b + before->backward) + 2.0 * last->backward);

    const double d0 = q->ratio[i], d1 = q->ratio[i - 1], d2 = q->ratio[i - 2];
    double here = 1.0 + a1 * a1 + a2 * a2 + m2 * (d0 + 4.0 * d1 + d2);
    double next = a1 + a1 * a2 + 2.0 * m2 * (d1 + d2), far = a2 + m2 * d2;
    if (i < 2) { /* A reaches before the window. */
        here -= a2 * a2 + (i ? 0.0 : a1 * a1);
        next -= a1 * a2 + (i ? 0.0 : a1);
        far -= a2;
    }
    const double l2 = far * before->inverse, coupled = next - far * last->below;
    const double l1 = coupled * last->inverse;
    const double inverse = 1.0 / ((here - l2 * far) - l1 * coupled);
    q->below1[i] = l1;
    q->below2[i] = l2;
    q->diagonal[i] = inverse;
    q->root[i] = sqrt(inverse);
    *before = (Carried){f, b, inverse, l1};
}

/* K p, which runs forward, K'v, which runs backward, and N = L diag(d) L': below1 and below2 are L,
 * diagonal is 1/d and root its square root. Side by side they hide each other's latency. */
INLINE void filter_and_factor(Problem *q) {
    Carried even = {0.0, 0.0, 0.0, 0.0}, odd = even;
    Problem here = *q; /* so that nothing that is stored could change a pointer */
    Py_ssize_t i = 0;
    for (; i + 1 < here.n; i += 2) {
        filter_row(&here, i, here.n - 1 - i, &odd, &even);
        filter_row(&here, i + 1, here.n - 2 - i, &even, &odd);
    }
    if (i < here.n) filter_row(&here, i, 0, &odd, &even);
}

/* Rows that are worked on together, and the vectors in play there: 0, then [oldest, last). */
typedef struct {
    Stretch stretch;
    Py_ssize_t row, end, oldest, last;
} Block;

INLINE Py_ssize_t in_play(const Block *b) { return 1 + b->last - b->oldest; }

INLINE Py_ssize_t vector_at(const Block *b, Py_ssize_t k) { return k ? b->oldest + k - 1 : 0; }

/* Substitution carries its last two values from row to row. */
typedef struct {
    lanes last, before;
} Trails;

INLINE Trails carried(const Problem *q, Py_ssize_t slot) {
    return (Trails){load(q->carry + slot), load(q->carry + q->width + slot)};
}

INLINE void keep(const Problem *q, Py_ssize_t slot, Trails t) {
    store(q->carry + slot, t.last);
    store(q->carry + q->width + slot, t.before);
}

INLINE Trails follow(lanes value, double below1, double below2, Trails t) {
    return (Trails){(value - below2 * t.before) - below1 * t.last, t.last};
}

/* z = inv(sqrt(D)) inv(L) of the vectors that the border has in these rows: the right-hand side
 * with the baseline, and those of the splines around the knot, where the window has them. */
INLINE void substitute(Problem *q, const Block *b, const int has_near, const int has_next) {
    const double *restrict below1 = q->below1, *restrict below2 = q->below2;
    const double *restrict root = q->root, *restrict rhs = q->rhs;
    const double *restrict border1 = q->border1, *restrict border2 = q->border2;
    const Py_ssize_t width = q->width, near = LANES * b->stretch.vector;
    const double *entry = border_entry(q, &b->stretch, b->row);
    double *z = q->z;
    Trails t = carried(q, 0), u = {zeros(), zeros()}, w = {zeros(), zeros()};
    if (has_near) u = carried(q, near);
    if (has_next) w = carried(q, near + LANES);
    for (Py_ssize_t i = b->row; i < b->end; i++, z += width, entry += ENTRY) {
        if (i == 2 && b->row == 0) entry += 2 * ENTRY; /* Its first rows stand apart in the table. */
        const double l1 = below1[i], l2 = below2[i], scale = root[i];
        t = follow((lanes){rhs[i], border1[i], border2[i], 0.0}, l1, l2, t);
        store(z, t.last * scale);
        if (has_near) {
            u = follow(load(entry), l1, l2, u);
            store(z + near, u.last * scale);
        }
        if (has_next) {
            w = follow(load(entry + LANES), l1, l2, w);
            store(z + near + LANES, w.last * scale);
        }
    }
    keep(q, 0, t);
    if (has_near) keep(q, near, u);
    if (has_next) keep(q, near + LANES, w);
}

/* The same of two vectors behind the support of their splines, or of one. */
INLINE void fade(Problem *q, const Block *b, Py_ssize_t vector, const int two) {
    const double *restrict below1 = q->below1, *restrict below2 = q->below2;
    const double *restrict root = q->root;
    const Py_ssize_t slot = LANES * vector;
    double *z = q->z + slot;
    Trails t = carried(q, slot), u = {zeros(), zeros()};
    if (two) u = carried(q, slot + LANES);
    for (Py_ssize_t i = b->row; i < b->end; i++, z += q->width) {
        t = follow(zeros(), below1[i], below2[i], t);
        store(z, t.last * root[i]);
        if (two) {
            u = follow(zeros(), below1[i], below2[i], u);
            store(z + LANES, u.last * root[i]);
        }
    }
    keep(q, slot, t);
    if (two) keep(q, slot + LANES, u);
}

/* gram += Z'Z over the block: vector ka in play against `count` from kb on, 1 or 2. Two sets of
 * sums, because one would wait for its own additions; three do not fit into the registers. */
INLINE void multiply(Problem *q, const Block *b, Py_ssize_t ka, Py_ssize_t kb, const int count) {
    const Py_ssize_t width = q->width, va = vector_at(b, ka), vb = vector_at(b, kb);
    const Py_ssize_t beside = count == 2 ? LANES * (vector_at(b, kb + 1) - vb) : 0;
    const double *left = q->z + LANES * va, *right = q->z + LANES * vb;
    double *tile = q->gram + LANES * va * width + LANES * vb;
    Py_ssize_t rows = b->end - b->row;
    lanes sum[LANES], other[LANES];
    for (int k = 0; k < LANES; k++) {
        sum[k] = load(tile + k * width);
        other[k] = count == 2 ? load(tile + beside + k * width) : zeros();
    }
    if (count == 2) {
        for (; rows > 0; rows--, left += width, right += width) {
            const lanes y = load(right), z = load(right + beside);
            for (int k = 0; k < LANES; k++) sum[k] += left[k] * y, other[k] += left[k] * z;
        }
    } else {
        for (; rows > 1; rows -= 2, left += 2 * width, right += 2 * width) {
            const lanes y = load(right), z = load(right + width);
            for (int k = 0; k < LANES; k++) sum[k] += left[k] * y, other[k] += left[k + width] * z;
        }
        if (rows)
            for (int k = 0; k < LANES; k++) sum[k] += left[k] * load(right);
    }
    for (int k = 0; k < LANES; k++) {
        if (count == 2) store(tile + beside + k * width, other[k]);
        else sum[k] += other[k];
        store(tile + k * width, sum[k]);
    }
}

/* Form the Schur complement's gram, upper triangle of 4 x 4 tiles. */
INLINE void multiply_border(Problem *q) {
    const Py_ssize_t width = q->width;
    Block b = {.oldest = 1};
    memset(q->gram, 0, width * width * sizeof(double));
    memset(q->carry, 0, 2 * width * sizeof(double));
    for (Py_ssize_t knot = 0; knot * q->spacing < q->n; knot++) {
        b.stretch = stretch_of(q, knot);
        const Py_ssize_t near = b.stretch.vector;
        b.last = near + 2 < q->vectors ? near + 2 : q->vectors;
        for (b.row = b.stretch.first; b.row < b.stretch.end; b.row = b.end) {
            b.end = b.row + BLOCK < b.stretch.end ? b.row + BLOCK : b.stretch.end;
            if (near == 0) substitute(q, &b, 0, 1);
            else if (near + 1 < q->vectors) substitute(q, &b, 1, 1);
            else substitute(q, &b, 1, 0);
            for (Py_ssize_t v = b.oldest; v < near; v += 2) {
                if (v + 1 < near) fade(q, &b, v, 1);
                else fade(q, &b, v, 0);
            }
            const Py_ssize_t count = in_play(&b);
            for (Py_ssize_t ka = 0; ka < count; ka++) {
                for (Py_ssize_t kb = ka; kb < count; kb += 2) {
                    if (kb + 1 < count) multiply(q, &b, ka, kb, 2);
                    else multiply(q, &b, ka, kb, 1);
                }
            }
            const Trails t = carried(q, LANES * b.oldest);
            if (b.oldest < near && total(t.last * t.last + t.before * t.before) < FADED * FADED)
                b.oldest++;
        }
    }
}

/* The Schur complement, penalty + gram without slot 0, becomes U'U; U's diagonal is inverted. What
 * has faded is exactly zero, and stays so behind the last column that this row or one before it
 * meets; how far a row goes is kept in the factor's unused first column. */
static int factor_schur(Problem *q) {
    const Py_ssize_t width = q->width;
    Py_ssize_t end = 1;
    memcpy(q->factor, q->gram, width * width * sizeof(double));
    for (Py_ssize_t j = 1; j < width; j++) {
        double *row = q->factor + j * width;
        Py_ssize_t reach = width;
        while (reach > end && q->gram[j * width + reach - 1] == 0.0) reach--;
        end = reach > j + 1 ? reach : j + 1;
        const double value = row[j] + penalty_of(q, j);
        if (!(value > 0.0)) return 0;
        const double inverse = 1.0 / sqrt(value);
        for (Py_ssize_t k = j / LANES * LANES; k < end; k += LANES)
            store(row + k, load(row + k) * inverse);
        for (Py_ssize_t i = j + 1; i < end; i++) {
            double *below = q->factor + i * width;
            for (Py_ssize_t k = i / LANES * LANES; k < end; k += LANES)
                store(below + k, load(below + k) - row[i] * load(row + k));
        }
        row[j] = inverse;
        row[0] = (double)end;
    }
    return 1;
}

/* dx from its right-hand side, in place. */
static void solve_schur(Problem *q, double *dx) {
    const Py_ssize_t width = q->width;
    for (Py_ssize_t j = 1; j < width; j++) {
        const double *row = q->factor + j * width;
        const Py_ssize_t end = (Py_ssize_t)row[0];
        dx[j] *= row[j];
        for (Py_ssize_t k = j + 1; k < end; k++) dx[k] -= dx[j] * row[k];
    }
    for (Py_ssize_t j = width - 1; j >= 1; j--) {
        const double *row = q->factor + j * width;
        const Py_ssize_t end = (Py_ssize_t)row[0];
        double value = dx[j];
        for (Py_ssize_t k = j + 1; k < end; k++) value -= row[k] * dx[k];
        dx[j] = value * row[j];
    }
    dx[0] = 0.0;
}

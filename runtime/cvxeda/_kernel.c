/* The interior-point iteration of cvxEDA, compiled: the same arithmetic as lapack.py, whose
 * head derives it. Everything lives in one bytearray, the arena, that Python owns and views through
 * numpy; its size is checked at every call, so a wrong shape is an error and never a wild pointer.
 *
 * Columns of the tonic basis sit in slots, four to a SIMD vector: slot 0 is the right-hand side, 1
 * and 2 are the free baseline, the splines start at 4. All splines are one bump, shifted, of which
 * at most five meet in a row, so a table of one knot spacing holds them; what substitution leaves of
 * them behind their support fades and is dropped. Cost and memory per sample do not grow with n.
 */
#define Py_LIMITED_API 0x030A0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

#if !defined(__GNUC__) && !defined(__clang__) /* clang-cl is no GNUC, and has them */
#error "the kernel needs the vector types of GCC or Clang; without it RTCAN runs on SciPy"
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#define LANES 4
#define BLOCK 8   /* rows that are factored, substituted and multiplied while in cache */
#define OVERLAP 5 /* splines that meet in a row, of index knot - 2 to knot + 2 */
#define ENTRY 12  /* a row of a table: four zeros, the overlap, three zeros */
#define MARGIN 8  /* zeros on either side of a signal, so that neighbours exist at the edges */
#define FIRST_SPLINE LANES
/* Substituted columns start at size 1; below this nothing is left of them in double precision. */
#define FADED 1e-17
#define NO_COLUMN 1e300 /* penalty of an empty slot: its coefficient stays zero */
#define SHORTEST_REACH 0.9 /* of the way to the nearest bound, as in lapack.py */
#define LONGEST_REACH 0.98

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
#define INLINE static inline __attribute__((always_inline))

INLINE lanes load(const double *from) {
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

INLINE void store(double *to, lanes value) { memcpy(to, &value, sizeof value); }

INLINE lanes zeros(void) { return (lanes){0.0, 0.0, 0.0, 0.0}; }

INLINE lanes least(lanes a, lanes b) {
    lanes value;
    for (int k = 0; k < LANES; k++) value[k] = b[k] < a[k] ? b[k] : a[k];
    return value;
}

INLINE double total(lanes value) { return (value[0] + value[2]) + (value[1] + value[3]); }

/* One problem: sizes, constants, and the places of all arrays in the arena. */
typedef struct {
    Py_ssize_t n, splines, baseline, spacing; /* samples, columns of B and C, samples per knot */
    Py_ssize_t width, vectors, phases;        /* slots, their SIMD vectors, rows of a table */
    double alpha, gamma, a1, a2, m;           /* A = (1, a1, a2), M = m (1, 2, 1) */
    /* Python reads or writes these: signals (n,), baseline parts of G and A G (n, 4), tables of
     * splines in G (phases, 12) and in A G (2 + phases, 12): rows 0 and 1 of the window first. */
    double *y, *driver, *slack, *dual, *phasic, *correlation, *coefficients;
    double *base, *border, *table, *border_table;
    /* Of one iteration. */
    double *primal_residual, *dual_residual, *inverse_slack, *inverse_driver, *ratio, *change;
    double *rhs, *work, *omega, *dslack, *ddriver, *diagonal, *below1, *below2;
    double *coupling, *x, *dx, *z, *gram, *factor;
} Problem;

/* Place the arrays; returns the bytes from the start of the arena. */
static size_t place(Problem *q, char *arena) {
    double *next = (double *)(arena + (64 - (uintptr_t)arena % 64) % 64);
    q->vectors = 1 + (q->splines + LANES - 1) / LANES;
    q->width = q->vectors * LANES;
    q->phases = q->spacing < q->n ? q->spacing : q->n;
    double **signals[] = {
        &q->y, &q->driver, &q->slack, &q->dual, &q->phasic, &q->correlation,
        &q->primal_residual, &q->dual_residual, &q->inverse_slack, &q->inverse_driver, &q->ratio,
        &q->change, &q->rhs, &q->work, &q->omega, &q->dslack, &q->ddriver, &q->diagonal,
        &q->below1, &q->below2,
    };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        *signals[i] = next + MARGIN;
        next += (q->n + 2 * MARGIN + 7) / 8 * 8;
    }
    const Py_ssize_t slots = q->width + 2 * LANES; /* A row's splines may end beyond the last. */
    const struct {
        double **array;
        Py_ssize_t count;
    } others[] = {
        {&q->base, q->n * LANES},
        {&q->border, q->n * LANES},
        {&q->table, q->phases * ENTRY},
        {&q->border_table, (2 + q->phases) * ENTRY},
        {&q->coefficients, slots},
        {&q->coupling, slots},
        {&q->x, slots},
        {&q->dx, slots},
        {&q->z, (BLOCK + 2) * q->width},
        {&q->gram, q->width * q->width},
        {&q->factor, q->width * q->width},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        *others[i].array = next;
        next += (others[i].count + 7) / 8 * 8;
    }
    return (size_t)((char *)next - arena);
}

/* Where coefficient j of the model (splines first) has its slot. */
INLINE Py_ssize_t slot_of(const Problem *q, Py_ssize_t j) {
    return j < q->splines ? FIRST_SPLINE + j : 1 + j - q->splines;
}

INLINE double penalty_of(const Problem *q, Py_ssize_t slot) {
    if (slot >= FIRST_SPLINE && slot < FIRST_SPLINE + q->splines) return q->gamma;
    return slot >= 1 && slot < 1 + q->baseline ? 0.0 : NO_COLUMN;
}

/* Rows [first, end) between two knots: their splines fill `offset` lanes into vector `vector`. */
typedef struct {
    Py_ssize_t first, end, vector, offset;
} Stretch;

INLINE Stretch stretch_of(const Problem *q, Py_ssize_t knot) {
    const Py_ssize_t slot = FIRST_SPLINE + knot - OVERLAP / 2;
    Stretch s = {knot * q->spacing, (knot + 1) * q->spacing, slot / LANES, slot % LANES};
    if (s.end > q->n) s.end = q->n;
    return s;
}

/* The splines of row i in A G, the vector that `offset` lanes from its middle are the first of. */
INLINE const double *border_entry(const Problem *q, const Stretch *s, Py_ssize_t i) {
    const Py_ssize_t row = i < 2 ? i : 2 + i - s->first;
    return q->border_table + row * ENTRY + LANES - s->offset;
}

/* K p runs forward and K'v backward: two recursions, side by side to hide their latency. */
INLINE void filter(const Problem *q) {
    const double a1 = q->a1, a2 = q->a2, m = q->m, *restrict p = q->driver, *restrict v = q->dual;
    double *restrict phasic = q->phasic, *restrict correlation = q->correlation;
    double f1 = 0.0, f2 = 0.0, b1 = 0.0, b2 = 0.0;
    for (Py_ssize_t i = 0, k = q->n - 1; k >= 0; i++, k--) {
        const double f = (p[i] - a2 * f2) - a1 * f1;
        const double b = (v[k] - a2 * b2) - a1 * b1;
        phasic[i] = m * ((f + f2) + 2.0 * f1);
        correlation[k] = m * ((b + b2) + 2.0 * b1);
        f2 = f1, f1 = f;
        b2 = b1, b1 = b;
    }
}

/* Coefficients of vector v as a row's splines see them: the baseline's vector is not theirs. */
INLINE lanes spline_weights(const double *slots, Py_ssize_t v) {
    return v ? load(slots + LANES * v) : zeros();
}

INLINE void add_splines(double *slots, Py_ssize_t v, lanes sum) {
    if (v) store(slots + LANES * v, load(slots + LANES * v) + sum);
}

/* work = y - phasic - G x and coupling = G'v. */
INLINE void apply_columns(Problem *q) {
    const double *restrict y = q->y, *restrict phasic = q->phasic, *restrict dual = q->dual;
    const double *restrict base = q->base, *restrict table = q->table;
    double *restrict residual = q->work;
    const lanes x0 = load(q->x);
    lanes sum0 = zeros();
    memset(q->coupling, 0, (q->width + 2 * LANES) * sizeof(double));
    for (Py_ssize_t knot = 0; knot * q->spacing < q->n; knot++) {
        const Stretch s = stretch_of(q, knot);
        const lanes x1 = spline_weights(q->x, s.vector), x2 = spline_weights(q->x, s.vector + 1);
        lanes sum1 = zeros(), sum2 = zeros();
        for (Py_ssize_t i = s.first; i < s.end; i++) {
            const double *entry = table + (i - s.first) * ENTRY + LANES - s.offset;
            const lanes g0 = load(base + LANES * i), g1 = load(entry), g2 = load(entry + LANES);
            residual[i] = y[i] - phasic[i] - total(g0 * x0 + g1 * x1 + g2 * x2);
            sum0 += g0 * dual[i];
            sum1 += g1 * dual[i];
            sum2 += g2 * dual[i];
        }
        add_splines(q->coupling, s.vector, sum1);
        add_splines(q->coupling, s.vector + 1, sum2);
    }
    store(q->coupling, sum0);
}

/* Residuals of the iterate, its phasic signal and correlation; also the objective and p's. */
INLINE void measure_body(Problem *q, double *objective, double *left) {
    const double a1 = q->a1, a2 = q->a2, alpha = q->alpha;
    memset(q->x, 0, q->width * sizeof(double));
    for (Py_ssize_t j = 0; j < q->splines + q->baseline; j++)
        q->x[slot_of(q, j)] = q->coefficients[j];
    filter(q);
    apply_columns(q);

    const double *restrict correlation = q->correlation;
    double *restrict dual_residual = q->dual_residual, *restrict primal = q->primal_residual;
    double *restrict residual = q->work;
    lanes squares = zeros(), drive = zeros(), products = zeros();
    /* Zeros follow every signal, so whole vectors may run over the end. */
    for (Py_ssize_t i = 0; i < q->n; i += LANES) {
        const lanes e = load(residual + i), p = load(q->driver + i), s = load(q->slack + i);
        squares += e * e;
        drive += p;
        products += p * s;
        store(residual + i, e - load(q->dual + i));
    }
    for (Py_ssize_t i = 0; i < q->n; i++) {
        dual_residual[i] = alpha - q->slack[i] - correlation[i];
        primal[i] = residual[i] + a1 * residual[i - 1] + a2 * residual[i - 2];
    }
    *left = total(products);
    *objective = 0.5 * total(squares) + alpha * total(drive);
    for (Py_ssize_t j = 0; j < q->splines + q->baseline; j++) {
        const Py_ssize_t slot = slot_of(q, j);
        const double weight = penalty_of(q, slot), x = q->x[slot];
        *objective += 0.5 * weight * x * x;
        q->coupling[slot] -= weight * x;
    }
}

/* What the factorisation hands from row to row: 1/d of the last two rows, L's last entry. */
typedef struct {
    double inverse1, inverse2, below;
} Pivot;

/* N = A A' + M D M' = L diag(d) L' for rows [row, end): L is below1, below2; 1/d is diagonal. */
INLINE Pivot factor_rows(Problem *q, Py_ssize_t row, Py_ssize_t end, Pivot pivot) {
    const double a1 = q->a1, a2 = q->a2, m2 = q->m * q->m;
    for (Py_ssize_t i = row; i < end; i++) {
        const double one1 = i >= 1, one2 = i >= 2;
        const double d0 = q->ratio[i], d1 = q->ratio[i - 1], d2 = q->ratio[i - 2];
        const double here = 1.0 + a1 * a1 * one1 + a2 * a2 * one2 + m2 * (d0 + 4.0 * d1 + d2);
        const double next = a1 * one1 + a1 * a2 * one2 + 2.0 * m2 * (d1 + d2);
        const double far = a2 * one2 + m2 * d2;
        const double l2 = far * pivot.inverse2;
        const double coupled = next - far * pivot.below;
        const double l1 = coupled * pivot.inverse1;
        const double inverse = 1.0 / ((here - l2 * far) - l1 * coupled);
        q->below1[i] = l1;
        q->below2[i] = l2;
        q->diagonal[i] = inverse;
        pivot = (Pivot){inverse, pivot.inverse1, l1};
    }
    return pivot;
}

/* Substitute the border and the predictor's right-hand side through L in rows [row, end). Rows of z
 * start with the last two before `row`; vectors from `oldest` on are in play. */
INLINE void substitute_rows(
    Problem *q, const Stretch *s, Py_ssize_t row, Py_ssize_t end, Py_ssize_t oldest, Py_ssize_t last) {
    const Py_ssize_t width = q->width;
    for (Py_ssize_t v = 0; v < last; v = v ? v + 1 : oldest) {
        double *restrict z = q->z + LANES * v;
        lanes before2 = load(z), before1 = load(z + width);
        for (Py_ssize_t i = row; i < end; i++) {
            lanes value = zeros();
            if (v == 0) {
                value = load(q->border + LANES * i);
                value[0] = q->rhs[i];
            } else if (v == s->vector || v == s->vector + 1) {
                value = load(border_entry(q, s, i) + LANES * (v - s->vector));
            }
            value = (value - q->below2[i] * before2) - q->below1[i] * before1;
            store(z + (2 + i - row) * width, value);
            before2 = before1, before1 = value;
        }
    }
}

/* gram += Z' inv(d) Z over rows [row, end), upper triangle of 4 x 4 tiles. */
INLINE void multiply_rows(
    Problem *q, Py_ssize_t row, Py_ssize_t end, Py_ssize_t oldest, Py_ssize_t last) {
    const Py_ssize_t width = q->width, count = end - row;
    const double *z = q->z + 2 * width;
    for (Py_ssize_t va = 0; va < last; va = va ? va + 1 : oldest) {
        double left[BLOCK * LANES];
        for (Py_ssize_t i = 0; i < BLOCK; i++)
            store(left + LANES * i,
                  i < count ? load(z + i * width + LANES * va) * q->diagonal[row + i] : zeros());
        for (Py_ssize_t vb = va; vb < last; vb = vb ? vb + 1 : oldest) {
            /* Two sets of sums: one alone would wait for its own additions. */
            const double *right = z + LANES * vb;
            double *tile = q->gram + LANES * va * width + LANES * vb;
            lanes even[LANES], odd[LANES];
            for (int k = 0; k < LANES; k++) even[k] = load(tile + k * width), odd[k] = zeros();
            for (Py_ssize_t i = 0; i < BLOCK; i += 2) {
                const lanes z0 = load(right + i * width), z1 = load(right + (i + 1) * width);
                for (int k = 0; k < LANES; k++) {
                    even[k] += left[LANES * i + k] * z0;
                    odd[k] += left[LANES * (i + 1) + k] * z1;
                }
            }
            for (int k = 0; k < LANES; k++) store(tile + k * width, even[k] + odd[k]);
        }
    }
}

/* Factor N and form the Schur complement's gram, knot by knot and block by block. */
INLINE void factor_and_multiply(Problem *q) {
    const Py_ssize_t width = q->width;
    Py_ssize_t oldest = 1;
    Pivot pivot = {0.0, 0.0, 0.0};
    memset(q->gram, 0, width * width * sizeof(double));
    memset(q->z, 0, (BLOCK + 2) * width * sizeof(double));
    for (Py_ssize_t knot = 0; knot * q->spacing < q->n; knot++) {
        const Stretch s = stretch_of(q, knot);
        const Py_ssize_t last = s.vector + 2 < q->vectors ? s.vector + 2 : q->vectors;
        for (Py_ssize_t row = s.first; row < s.end; row += BLOCK) {
            const Py_ssize_t end = row + BLOCK < s.end ? row + BLOCK : s.end;
            pivot = factor_rows(q, row, end, pivot);
            substitute_rows(q, &s, row, end, oldest, last);
            multiply_rows(q, row, end, oldest, last);
            for (Py_ssize_t v = 0; v < last; v = v ? v + 1 : oldest) {
                double *z = q->z + LANES * v;
                const lanes before2 = load(z + (end - row) * width);
                const lanes before1 = load(z + (end - row + 1) * width);
                store(z, before2);
                store(z + width, before1);
                if (v && v == oldest && v < s.vector &&
                    total(before1 * before1 + before2 * before2) < FADED * FADED)
                    oldest = v + 1;
            }
        }
    }
}

/* Cholesky factor of the Schur complement, penalty + gram without slot 0. What is faded is exactly
 * zero, and stays so before the first spline that a row of the gram meets, unless a baseline, which
 * meets all, comes before them. That spline's slot is kept in the factor's unused first column. */
static int factor_schur(Problem *q) {
    const Py_ssize_t width = q->width;
    for (Py_ssize_t j = 1; j < width; j++) {
        double *row = q->factor + j * width;
        Py_ssize_t first = FIRST_SPLINE;
        if (!q->baseline)
            while (first < j && q->gram[first * width + j] == 0.0) first++;
        row[0] = (double)first;
        if (first > FIRST_SPLINE)
            memset(row + FIRST_SPLINE, 0, (first - FIRST_SPLINE) * sizeof(double));
        for (Py_ssize_t k = 1; k <= j; k = k + 1 == FIRST_SPLINE ? first : k + 1) {
            const double *other = q->factor + k * width;
            double value = q->gram[k * width + j];
            if (j == k) value += penalty_of(q, j);
            for (Py_ssize_t l = 1; l < k; l = l + 1 == FIRST_SPLINE ? first : l + 1)
                value -= row[l] * other[l];
            if (j > k) {
                row[k] = value / other[k];
            } else {
                if (!(value > 0.0)) return 0;
                row[k] = sqrt(value);
            }
        }
    }
    return 1;
}

/* dx from its right-hand side, in place. */
static void solve_schur(Problem *q, double *dx) {
    const Py_ssize_t width = q->width;
    for (Py_ssize_t j = 1; j < width; j++) {
        const double *row = q->factor + j * width;
        const Py_ssize_t first = (Py_ssize_t)row[0];
        double value = dx[j];
        for (Py_ssize_t k = 1; k < j; k = k + 1 == FIRST_SPLINE ? first : k + 1)
            value -= row[k] * dx[k];
        dx[j] = value / row[j];
    }
    for (Py_ssize_t j = width - 1; j >= 1; j--) {
        const double *row = q->factor + j * width;
        const Py_ssize_t first = (Py_ssize_t)row[0];
        dx[j] /= row[j];
        for (Py_ssize_t k = 1; k < j; k = k + 1 == FIRST_SPLINE ? first : k + 1)
            dx[k] -= row[k] * dx[j];
    }
    dx[0] = 0.0;
    memset(dx + width, 0, 2 * LANES * sizeof(double)); /* beyond the last spline */
}

/* Substitution carries its last two values from row to row. */
typedef struct {
    double last, before;
} Trail;

INLINE Trail forward(Problem *q, Py_ssize_t i, double value, Trail t) {
    const double z = (value - q->below2[i] * t.before) - q->below1[i] * t.last;
    q->omega[i] = z * q->diagonal[i];
    return (Trail){z, t.last};
}

INLINE Trail backward(Problem *q, Py_ssize_t i, Trail t) {
    const double z = (q->omega[i] - q->below2[i + 2] * t.before) - q->below1[i + 1] * t.last;
    q->omega[i] = z;
    return (Trail){z, t.last};
}

/* omega = inv(N) (rhs - A G dx); each row of the product is taken while the last one settles. */
INLINE void solve_less_border(Problem *q) {
    const lanes x0 = load(q->dx);
    Trail t = {0.0, 0.0};
    for (Py_ssize_t knot = 0; knot * q->spacing < q->n; knot++) {
        const Stretch s = stretch_of(q, knot);
        const lanes x1 = spline_weights(q->dx, s.vector), x2 = spline_weights(q->dx, s.vector + 1);
        for (Py_ssize_t i = s.first; i < s.end; i++) {
            const double *entry = border_entry(q, &s, i);
            const lanes sum = load(q->border + LANES * i) * x0 + load(entry) * x1;
            t = forward(q, i, q->rhs[i] - total(sum + load(entry + LANES) * x2), t);
        }
    }
    t = (Trail){0.0, 0.0};
    for (Py_ssize_t i = q->n - 1; i >= 0; i--) t = backward(q, i, t);
}

/* dx = (A G)' inv(N) rhs, in the same way; leaves the solution in omega. */
INLINE void solve_and_project(Problem *q) {
    Trail t = {0.0, 0.0};
    lanes sum0 = zeros();
    for (Py_ssize_t i = 0; i < q->n; i++) t = forward(q, i, q->rhs[i], t);
    t = (Trail){0.0, 0.0};
    memset(q->dx, 0, (q->width + 2 * LANES) * sizeof(double));
    for (Py_ssize_t knot = (q->n - 1) / q->spacing; knot >= 0; knot--) {
        const Stretch s = stretch_of(q, knot);
        lanes sum1 = zeros(), sum2 = zeros();
        for (Py_ssize_t i = s.end - 1; i >= s.first; i--) {
            const double *entry = border_entry(q, &s, i);
            t = backward(q, i, t);
            sum0 += load(q->border + LANES * i) * t.last;
            sum1 += load(entry) * t.last;
            sum2 += load(entry + LANES) * t.last;
        }
        add_splines(q->dx, s.vector, sum1);
        add_splines(q->dx, s.vector + 1, sum2);
    }
    store(q->dx, sum0);
}

/* ds = dual residual - M'omega and dp = change - D ds; returns the longest step, at most `fraction`
 * of the way to a bound. `products` become p's, p'ds + s'dp and dp'ds. */
INLINE double direct(Problem *q, double fraction, double products[3]) {
    lanes ps = zeros(), mixed = zeros(), dd = zeros(), steep = zeros();
    for (Py_ssize_t i = 0; i < q->n; i += LANES) {
        const double *omega = q->omega + i;
        const lanes p = load(q->driver + i), s = load(q->slack + i);
        const lanes correlation = q->m * ((load(omega) + load(omega + 2)) + 2.0 * load(omega + 1));
        const lanes ds = load(q->dual_residual + i) - correlation;
        const lanes dp = load(q->change + i) - load(q->ratio + i) * ds;
        steep = least(steep, dp * load(q->inverse_driver + i));
        steep = least(steep, ds * load(q->inverse_slack + i));
        store(q->dslack + i, ds);
        store(q->ddriver + i, dp);
        ps += p * s;
        mixed += p * ds + s * dp;
        dd += dp * ds;
    }
    double steepest = 0.0;
    for (int k = 0; k < LANES; k++) steepest = steep[k] < steepest ? steep[k] : steepest;
    products[0] = total(ps), products[1] = total(mixed), products[2] = total(dd);
    return fraction < -steepest ? fraction / -steepest : 1.0;
}

/* rhs = primal residual - M (change - D dual residual) */
INLINE void aim(Problem *q) {
    const double m = q->m;
    double *restrict wanted = q->work, *restrict rhs = q->rhs;
    for (Py_ssize_t i = 0; i < q->n; i++)
        wanted[i] = q->change[i] - q->ratio[i] * q->dual_residual[i];
    for (Py_ssize_t i = 0; i < q->n; i++)
        rhs[i] = q->primal_residual[i] - m * ((wanted[i] + wanted[i - 2]) + 2.0 * wanted[i - 1]);
}

/* What an iteration needs of the iterate; beyond the end, where it is zero, so are its quotients. */
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

/* One predictor-corrector step; 0 where the arithmetic can go no further. */
INLINE int advance_body(Problem *q) {
    const Py_ssize_t n = q->n, width = q->width;
    double products[3];
    divide(q);
    aim(q);
    factor_and_multiply(q);
    if (!factor_schur(q)) return 0;

    for (Py_ssize_t j = 1; j < width; j++) q->dx[j] = q->coupling[j] + q->gram[j];
    solve_schur(q, q->dx);
    solve_less_border(q);
    const double reach = direct(q, 1.0, products), left = products[0];
    const double reduction = (left + reach * (products[1] + reach * products[2])) / left;
    const double target = left / (double)n * reduction * reduction * reduction;

    for (Py_ssize_t i = 0; i < n; i++)
        q->change[i] =
            (target - q->ddriver[i] * q->dslack[i]) * q->inverse_slack[i] - q->driver[i];
    aim(q);
    solve_and_project(q);
    for (Py_ssize_t j = 1; j < width; j++) q->dx[j] += q->coupling[j];
    solve_schur(q, q->dx);
    solve_less_border(q);
    const double fraction = fmin(fmax(SHORTEST_REACH, 1.0 - target / q->alpha), LONGEST_REACH);
    const double length = direct(q, fraction, products);
    if (!isfinite(length * (products[1] + products[2]))) return 0;
    for (Py_ssize_t j = 0; j < q->splines + q->baseline; j++)
        q->coefficients[j] += length * q->dx[slot_of(q, j)];
    for (Py_ssize_t i = 0; i < n; i += LANES) {
        const double *omega = q->omega + i;
        const lanes raised = (load(omega) + q->a1 * load(omega + 1)) + q->a2 * load(omega + 2);
        store(q->driver + i, load(q->driver + i) + length * load(q->ddriver + i));
        store(q->slack + i, load(q->slack + i) + length * load(q->dslack + i));
        store(q->dual + i, load(q->dual + i) + length * raised);
    }
    return 1;
}

/* The same code twice on x86, so that one wheel uses AVX2 where the processor has it. */
static void measure_plain(Problem *q, double *o, double *l) { measure_body(q, o, l); }
static int advance_plain(Problem *q) { return advance_body(q); }
#if defined(__x86_64__) || defined(__i386__)
#define WIDE __attribute__((target("avx2,fma")))
WIDE static void measure_wide(Problem *q, double *o, double *l) { measure_body(q, o, l); }
WIDE static int advance_wide(Problem *q) { return advance_body(q); }
#if defined(_WIN32)
/* __builtin_cpu_supports needs a library of clang's that Microsoft's linker does not look into. */
#include <intrin.h>
__declspec(dllimport) int __stdcall IsProcessorFeaturePresent(unsigned long feature);
static int has_wide(void) {
    int registers[4];
    __cpuid(registers, 1);
    const int fma = registers[2] >> 12 & 1;
    return fma && IsProcessorFeaturePresent(40); /* PF_AVX2_INSTRUCTIONS_AVAILABLE */
}
#else
static int has_wide(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif
#else
#define measure_wide measure_plain
#define advance_wide advance_plain
static int has_wide(void) { return 0; }
#endif
static int wide;

/* A row meets the splines up to two after its knot: there must be one for every knot. */
static int sizes_allowed(const Problem *q) {
    return q->n >= 3 && q->n <= (Py_ssize_t)1 << 28 && q->spacing >= 1 && q->splines <= 4096 &&
           q->splines > (q->n - 1) / q->spacing && q->baseline >= 0 && q->baseline <= 2;
}

/* Read (arena, (n, splines, baseline, spacing), (alpha, gamma, a1, a2, m)). */
static int read_problem(PyObject *args, Problem *q, PyObject **arena) {
    if (!PyArg_ParseTuple(args, "Y(nnnn)(ddddd)", arena, &q->n, &q->splines, &q->baseline,
                          &q->spacing, &q->alpha, &q->gamma, &q->a1, &q->a2, &q->m))
        return 0;
    if (!sizes_allowed(q)) {
        PyErr_SetString(PyExc_ValueError, "sizes out of range");
        return 0;
    }
    char *bytes = PyByteArray_AsString(*arena);
    if (place(q, bytes) > (size_t)PyByteArray_Size(*arena)) {
        PyErr_SetString(PyExc_ValueError, "the arena is too small for these sizes");
        return 0;
    }
    return 1;
}

static PyObject *size(PyObject *module, PyObject *args) {
    (void)module;
    Problem q = {0};
    if (!PyArg_ParseTuple(args, "nnn", &q.n, &q.splines, &q.spacing)) return NULL;
    if (!sizes_allowed(&q)) {
        PyErr_SetString(PyExc_ValueError, "sizes out of range");
        return NULL;
    }
    return PyLong_FromSize_t(place(&q, NULL) + 64);
}

static PyObject *offsets(PyObject *module, PyObject *args) {
    (void)module;
    Problem q;
    PyObject *arena;
    if (!read_problem(args, &q, &arena)) return NULL;
    const char *base = PyByteArray_AsString(arena);
#define OFFSET(name) #name, (Py_ssize_t)((char *)q.name - base)
    return Py_BuildValue("{snsnsnsnsnsnsnsnsnsnsn}", OFFSET(y), OFFSET(driver), OFFSET(slack),
                         OFFSET(dual), OFFSET(phasic), OFFSET(correlation), OFFSET(coefficients),
                         OFFSET(base), OFFSET(border), OFFSET(table), OFFSET(border_table));
}

static PyObject *measure(PyObject *module, PyObject *args) {
    (void)module;
    Problem q;
    PyObject *arena;
    double objective, left;
    if (!read_problem(args, &q, &arena)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    if (wide)
        measure_wide(&q, &objective, &left);
    else
        measure_plain(&q, &objective, &left);
    Py_END_ALLOW_THREADS
    return Py_BuildValue("dd", objective, left);
}

static PyObject *advance(PyObject *module, PyObject *args) {
    (void)module;
    Problem q;
    PyObject *arena;
    int advanced;
    if (!read_problem(args, &q, &arena)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    advanced = wide ? advance_wide(&q) : advance_plain(&q);
    Py_END_ALLOW_THREADS
    return PyBool_FromLong(advanced);
}

static PyMethodDef methods[] = {
    {"size", size, METH_VARARGS, "size(n, splines, spacing) -> bytes of an arena"},
    {"offsets", offsets, METH_VARARGS, "offsets(arena, sizes, constants) -> {array: byte}"},
    {"measure", measure, METH_VARARGS, "measure(arena, sizes, constants) -> (objective, p's)"},
    {"advance", advance, METH_VARARGS, "advance(arena, sizes, constants) -> whether it could"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_kernel", "The compiled iteration of cvxEDA.", -1, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernel(void) {
    wide = has_wide();
    PyObject *created = PyModule_Create(&module);
    if (created) PyModule_AddStringConstant(created, "SIMD", wide ? "avx2" : "baseline");
    return created;
}

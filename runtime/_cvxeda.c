/* The interior-point iteration of cvxEDA, compiled: the same arithmetic as _cvxeda_scipy.py, whose
 * head derives it. Everything lives in one bytearray, the arena, that Python owns and views through
 * numpy; its size is checked at every call, so a wrong shape is an error and never a wild pointer.
 *
 * Columns of the tonic basis sit in slots, four to a SIMD vector: slot 0 is the right-hand side, 1
 * and 2 are the free baseline, the splines start at 4. A spline is zero outside four knot spacings
 * and its forward substitution fades after them, so each block of rows works on a band of vectors
 * only, and the cost per sample does not grow with the window.
 */
#define Py_LIMITED_API 0x030A0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

#if !defined(__GNUC__)
#error "the kernel needs the vector types of GCC or Clang; without it RTCAN runs on SciPy"
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#define LANES 4
#define BLOCK 8   /* rows that are factored, substituted and multiplied while they are in cache */
#define MARGIN 8  /* zeros on either side of a signal, so that neighbours exist at the edges */
#define FIRST_SPLINE LANES
/* Substituted columns start at size 1; below this nothing is left of them in double precision. */
#define FADED 1e-17
#define SHORTEST_REACH 0.9 /* of the way to the nearest bound */
#define LONGEST_REACH 0.9999

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
#define INLINE static inline __attribute__((always_inline))

INLINE lanes load(const double *from) {
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

INLINE void store(double *to, lanes value) { memcpy(to, &value, sizeof value); }

INLINE lanes zeros(void) { return (lanes){0.0, 0.0, 0.0, 0.0}; }

INLINE double total(lanes value) { return (value[0] + value[2]) + (value[1] + value[3]); }

/* One problem: sizes, constants, and the places of all arrays in the arena. */
typedef struct {
    Py_ssize_t n, splines, baseline, spacing; /* samples, columns of B and C, samples per knot */
    Py_ssize_t width, vectors, blocks;        /* slots, their SIMD vectors, blocks of rows */
    double alpha, gamma, a1, a2, m;           /* A = (1, a1, a2), M = m (1, 2, 1) */
    /* Python reads or writes these. */
    double *y, *driver, *slack, *dual, *phasic, *correlation, *coefficients, *columns, *border;
    /* Of one iteration. */
    double *primal_residual, *dual_residual, *coupling;
    double *inverse_slack, *inverse_driver, *ratio, *change, *rhs, *work, *omega, *dslack, *ddriver;
    double *diagonal, *below1, *below2, *z, *gram, *factor, *dx, *x;
    int32_t *active;
} Problem;

/* Place the arrays; returns the bytes from the start of the arena. */
static size_t place(Problem *q, char *arena) {
    const size_t aligned = (64 - (uintptr_t)arena % 64) % 64;
    double *next = (double *)(arena + aligned);
    q->vectors = 1 + (q->splines + LANES - 1) / LANES;
    q->width = q->vectors * LANES;
    q->blocks = (q->n + BLOCK - 1) / BLOCK;
    double **signals[] = {
        &q->y, &q->driver, &q->slack, &q->dual, &q->phasic, &q->correlation,
        &q->primal_residual, &q->dual_residual, &q->inverse_slack, &q->inverse_driver, &q->ratio, &q->change,
        &q->rhs, &q->work, &q->omega, &q->dslack, &q->ddriver, &q->diagonal, &q->below1,
        &q->below2,
    };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        *signals[i] = next + MARGIN;
        next += (q->n + 2 * MARGIN + 7) / 8 * 8;
    }
    double **matrices[] = {&q->columns, &q->border, &q->z};
    for (size_t i = 0; i < 3; i++) {
        *matrices[i] = next;
        next += q->blocks * BLOCK * q->width;
    }
    q->gram = next, next += q->width * q->width;
    q->factor = next, next += q->width * q->width;
    double **rows[] = {&q->coefficients, &q->coupling, &q->dx, &q->x};
    for (size_t i = 0; i < 4; i++) {
        *rows[i] = next;
        next += q->width;
    }
    q->active = (int32_t *)next;
    next += q->blocks;
    return (size_t)((char *)next - arena);
}

/* Where coefficient j of the model (splines first) has its slot. */
INLINE Py_ssize_t slot_of(const Problem *q, Py_ssize_t j) {
    return j < q->splines ? FIRST_SPLINE + j : 1 + j - q->splines;
}

INLINE double penalty_of(const Problem *q, Py_ssize_t slot) {
    if (slot >= FIRST_SPLINE && slot < FIRST_SPLINE + q->splines) return q->gamma;
    return slot >= 1 && slot < 1 + q->baseline ? 0.0 : 1.0; /* 1: an empty slot, kept regular */
}

/* The vectors of splines that are not zero somewhere in rows [row, row + BLOCK). */
INLINE Py_ssize_t support_start(const Problem *q, Py_ssize_t row) {
    Py_ssize_t v = 1;
    while (v < q->vectors && (LANES * v + 1) * q->spacing <= row) v++;
    return v;
}

INLINE Py_ssize_t support_end(const Problem *q, Py_ssize_t row) {
    Py_ssize_t v = 1;
    while (v < q->vectors && (LANES * v - LANES - 2) * q->spacing < row + BLOCK) v++;
    return v;
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

/* work = y - phasic - G x and coupling = G'v. */
INLINE void apply_columns(Problem *q) {
    const Py_ssize_t n = q->n, width = q->width;
    const double *restrict y = q->y, *restrict phasic = q->phasic, *restrict dual = q->dual;
    const double *restrict columns = q->columns, *restrict x = q->x;
    double *restrict residual = q->work, *restrict coupling = q->coupling;
    memset(coupling, 0, width * sizeof(double));
    for (Py_ssize_t block = 0; block < q->blocks; block++) {
        const Py_ssize_t row = block * BLOCK, end = row + BLOCK < n ? row + BLOCK : n;
        const Py_ssize_t first = support_start(q, row), last = support_end(q, row);
        lanes tonic[BLOCK];
        for (Py_ssize_t v = 0; v < last; v = v ? v + 1 : first) {
            const lanes xv = load(x + LANES * v);
            lanes coupled = load(coupling + LANES * v);
            for (Py_ssize_t i = row; i < end; i++) {
                const lanes column = load(columns + i * width + LANES * v);
                tonic[i - row] = v ? tonic[i - row] + column * xv : column * xv;
                coupled += column * dual[i];
            }
            store(coupling + LANES * v, coupled);
        }
        for (Py_ssize_t i = row; i < end; i++)
            residual[i] = y[i] - phasic[i] - total(tonic[i - row]);
    }
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
    for (Py_ssize_t slot = 1; slot < q->width; slot++) {
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

/* Substitute the border and the predictor's right-hand side through L in one block of rows. */
INLINE void substitute_rows(Problem *q, Py_ssize_t block, Py_ssize_t oldest) {
    const Py_ssize_t row = block * BLOCK, end = row + BLOCK < q->n ? row + BLOCK : q->n;
    const Py_ssize_t width = q->width, last = support_end(q, row);
    const Py_ssize_t started = row ? support_end(q, row - BLOCK) : 0, first = support_start(q, row);
    for (Py_ssize_t v = 0; v < last; v = v ? v + 1 : oldest) {
        lanes z1 = zeros(), z2 = zeros();
        if (v < started) {
            z1 = load(q->z + (row - 1) * width + LANES * v);
            z2 = load(q->z + (row - 2) * width + LANES * v);
        }
        for (Py_ssize_t i = row; i < end; i++) {
            lanes z = zeros();
            if (v == 0 || v >= first) z = load(q->border + i * width + LANES * v);
            if (v == 0) z[0] = q->rhs[i];
            z = (z - q->below2[i] * z2) - q->below1[i] * z1;
            store(q->z + i * width + LANES * v, z);
            z2 = z1, z1 = z;
        }
    }
}

/* gram += Z' inv(d) Z over one block of rows, upper triangle of 4 x 4 tiles. */
INLINE void multiply_rows(Problem *q, Py_ssize_t block, Py_ssize_t oldest) {
    const Py_ssize_t row = block * BLOCK, width = q->width, last = support_end(q, row);
    /* Rows after the window are zero, so the last block is a whole one too. */
    for (Py_ssize_t va = 0; va < last; va = va ? va + 1 : oldest) {
        double left[BLOCK * LANES];
        for (Py_ssize_t i = 0; i < BLOCK; i++)
            store(left + LANES * i,
                  load(q->z + (row + i) * width + LANES * va) * q->diagonal[row + i]);
        for (Py_ssize_t vb = va; vb < last; vb = vb ? vb + 1 : oldest) {
            /* Two sets of sums: one alone would wait for its own additions. */
            const double *right = q->z + row * width + LANES * vb;
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

/* The first spline vector still in play after a block: one that has faded is left behind. */
INLINE Py_ssize_t fade(const Problem *q, Py_ssize_t block, Py_ssize_t oldest) {
    const Py_ssize_t row = block * BLOCK;
    if (row + BLOCK >= q->n) return oldest;
    while (oldest < support_start(q, row)) {
        const lanes z1 = load(q->z + (row + BLOCK - 1) * q->width + LANES * oldest);
        const lanes z2 = load(q->z + (row + BLOCK - 2) * q->width + LANES * oldest);
        if (total(z1 * z1 + z2 * z2) >= FADED * FADED) break;
        oldest++;
    }
    return oldest;
}

/* Cholesky factor of the Schur complement, penalty + gram without slot 0. */
static int factor_schur(Problem *q) {
    const Py_ssize_t width = q->width;
    for (Py_ssize_t j = 1; j < width; j++) {
        double *row = q->factor + j * width;
        for (Py_ssize_t k = 1; k <= j; k++) {
            double value = q->gram[k * width + j];
            if (j == k) value += penalty_of(q, j);
            for (Py_ssize_t l = 1; l < k; l++) value -= row[l] * q->factor[k * width + l];
            if (j > k) {
                row[k] = value / q->factor[k * width + k];
            } else {
                if (!(value > 0.0)) return 0;
                row[k] = sqrt(value);
            }
        }
    }
    return 1;
}

/* dx from its right-hand side, in place; slot 0 becomes -1, the weight of the forward solution. */
static void solve_schur(Problem *q, double *dx) {
    const Py_ssize_t width = q->width;
    for (Py_ssize_t j = 1; j < width; j++) {
        double value = dx[j];
        for (Py_ssize_t k = 1; k < j; k++) value -= q->factor[j * width + k] * dx[k];
        dx[j] = value / q->factor[j * width + j];
    }
    for (Py_ssize_t j = width - 1; j >= 1; j--) {
        double value = dx[j];
        for (Py_ssize_t k = j + 1; k < width; k++) value -= q->factor[k * width + j] * dx[k];
        dx[j] = value / q->factor[j * width + j];
    }
    dx[0] = -1.0;
}

/* omega = inv(L)' inv(d) (z0 - Z dx), z0 being slot 0. */
INLINE void substitute_back(Problem *q) {
    double after1 = 0.0, after2 = 0.0;
    for (Py_ssize_t block = q->blocks - 1; block >= 0; block--) {
        const Py_ssize_t row = block * BLOCK, end = row + BLOCK < q->n ? row + BLOCK : q->n;
        const Py_ssize_t last = support_end(q, row), oldest = q->active[block];
        lanes sums[BLOCK];
        for (Py_ssize_t i = row; i < end; i++)
            sums[i - row] = load(q->z + i * q->width) * load(q->dx);
        for (Py_ssize_t v = oldest; v < last; v++) {
            const lanes weights = load(q->dx + LANES * v);
            for (Py_ssize_t i = row; i < end; i++)
                sums[i - row] += load(q->z + i * q->width + LANES * v) * weights;
        }
        for (Py_ssize_t i = end - 1; i >= row; i--) {
            const double forward = -total(sums[i - row]) * q->diagonal[i];
            const double value = (forward - q->below2[i + 2] * after2) - q->below1[i + 1] * after1;
            q->omega[i] = value;
            after2 = after1, after1 = value;
        }
    }
}

/* The corrector's right-hand side into slot 0 of Z through L; dx = its products with Z. */
INLINE void substitute_corrector(Problem *q) {
    double before1 = 0.0, before2 = 0.0;
    memset(q->dx, 0, q->width * sizeof(double));
    for (Py_ssize_t block = 0; block < q->blocks; block++) {
        const Py_ssize_t row = block * BLOCK, end = row + BLOCK < q->n ? row + BLOCK : q->n;
        const Py_ssize_t last = support_end(q, row), oldest = q->active[block];
        double weighted[BLOCK];
        for (Py_ssize_t i = row; i < end; i++) {
            const double value =
                (q->rhs[i] - q->below2[i] * before2) - q->below1[i] * before1;
            q->z[i * q->width] = value;
            weighted[i - row] = value * q->diagonal[i];
            before2 = before1, before1 = value;
        }
        for (Py_ssize_t v = 0; v < last; v = v ? v + 1 : oldest) {
            lanes sum = load(q->dx + LANES * v);
            for (Py_ssize_t i = row; i < end; i++)
                sum += load(q->z + i * q->width + LANES * v) * weighted[i - row];
            store(q->dx + LANES * v, sum);
        }
    }
}

/* ds = dual residual - M'omega and dp = change - D ds; returns the longest step, at most `fraction`
 * of the way to a bound. `products` become p's, p'ds + s'dp and dp'ds. */
INLINE double direct(Problem *q, double fraction, double products[3]) {
    const double m = q->m;
    double *restrict toward = q->work, *restrict dslack = q->dslack;
    double *restrict ddriver = q->ddriver;
    const double *restrict omega = q->omega;
    for (Py_ssize_t i = 0; i < q->n; i++) {
        const double correlation = m * ((omega[i] + omega[i + 2]) + 2.0 * omega[i + 1]);
        const double ds = q->dual_residual[i] - correlation;
        const double dp = q->change[i] - q->ratio[i] * ds;
        const double toward_p = dp * q->inverse_driver[i], toward_s = ds * q->inverse_slack[i];
        dslack[i] = ds;
        ddriver[i] = dp;
        toward[i] = toward_p < toward_s ? toward_p : toward_s;
    }
    /* Zeros follow every signal, so whole vectors may run over the end. */
    lanes ps = zeros(), mixed = zeros(), dd = zeros();
    double steep[LANES] = {0.0, 0.0, 0.0, 0.0}, steepest = 0.0;
    for (Py_ssize_t i = 0; i < q->n; i += LANES) {
        const lanes p = load(q->driver + i), s = load(q->slack + i);
        const lanes dp = load(q->ddriver + i), ds = load(q->dslack + i);
        ps += p * s;
        mixed += p * ds + s * dp;
        dd += dp * ds;
        for (int k = 0; k < LANES; k++) steep[k] = toward[i + k] < steep[k] ? toward[i + k] : steep[k];
    }
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

/* One predictor-corrector step; 0 where the arithmetic can go no further. */
INLINE int advance_body(Problem *q) {
    const Py_ssize_t n = q->n, width = q->width;
    double products[3];
    for (Py_ssize_t i = 0; i < n; i++) {
        q->inverse_slack[i] = 1.0 / q->slack[i];
        q->inverse_driver[i] = 1.0 / q->driver[i];
        q->ratio[i] = q->driver[i] * q->inverse_slack[i];
        q->change[i] = -q->driver[i];
    }
    aim(q);
    memset(q->gram, 0, width * width * sizeof(double));
    Py_ssize_t oldest = 1;
    Pivot pivot = {0.0, 0.0, 0.0};
    for (Py_ssize_t block = 0; block < q->blocks; block++) {
        const Py_ssize_t row = block * BLOCK, end = row + BLOCK < n ? row + BLOCK : n;
        pivot = factor_rows(q, row, end, pivot);
        substitute_rows(q, block, oldest);
        multiply_rows(q, block, oldest);
        q->active[block] = (int32_t)oldest;
        oldest = fade(q, block, oldest);
    }
    if (!factor_schur(q)) return 0;

    for (Py_ssize_t j = 1; j < width; j++) q->dx[j] = q->coupling[j] + q->gram[j];
    solve_schur(q, q->dx);
    substitute_back(q);
    const double reach = direct(q, 1.0, products), left = products[0];
    const double reduction = (left + reach * (products[1] + reach * products[2])) / left;
    const double target = left / (double)n * reduction * reduction * reduction;

    for (Py_ssize_t i = 0; i < n; i++)
        q->change[i] =
            (target - q->ddriver[i] * q->dslack[i]) * q->inverse_slack[i] - q->driver[i];
    aim(q);
    substitute_corrector(q);
    for (Py_ssize_t j = 1; j < width; j++) q->dx[j] += q->coupling[j];
    solve_schur(q, q->dx);
    substitute_back(q);
    const double fraction = fmin(fmax(SHORTEST_REACH, 1.0 - target / q->alpha), LONGEST_REACH);
    const double length = direct(q, fraction, products);
    if (!isfinite(length * (products[1] + products[2]))) return 0;
    for (Py_ssize_t j = 0; j < q->splines + q->baseline; j++)
        q->coefficients[j] += length * q->dx[slot_of(q, j)];
    for (Py_ssize_t i = 0; i < n; i++) {
        q->driver[i] += length * q->ddriver[i];
        q->slack[i] += length * q->dslack[i];
        q->dual[i] +=
            length * ((q->omega[i] + q->a1 * q->omega[i + 1]) + q->a2 * q->omega[i + 2]);
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
static int has_wide(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
#define measure_wide measure_plain
#define advance_wide advance_plain
static int has_wide(void) { return 0; }
#endif
static int wide;

/* Read (arena, (n, splines, baseline, spacing), (alpha, gamma, a1, a2, m)). */
static int read_problem(PyObject *args, Problem *q, PyObject **arena) {
    if (!PyArg_ParseTuple(args, "Y(nnnn)(ddddd)", arena, &q->n, &q->splines, &q->baseline,
                          &q->spacing, &q->alpha, &q->gamma, &q->a1, &q->a2, &q->m))
        return 0;
    if (q->n < 3 || q->n > (Py_ssize_t)1 << 28 || q->splines < 1 || q->splines > 4096 ||
        q->baseline < 0 || q->baseline > 2 || q->spacing < 1) {
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
    if (!PyArg_ParseTuple(args, "nn", &q.n, &q.splines)) return NULL;
    if (q.n < 3 || q.n > (Py_ssize_t)1 << 28 || q.splines < 1 || q.splines > 4096) {
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
    return Py_BuildValue("{snsnsnsnsnsnsnsnsn}", OFFSET(y), OFFSET(driver), OFFSET(slack),
                         OFFSET(dual), OFFSET(phasic), OFFSET(correlation), OFFSET(coefficients),
                         OFFSET(columns), OFFSET(border));
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
    {"size", size, METH_VARARGS, "size(n, splines) -> bytes of an arena"},
    {"offsets", offsets, METH_VARARGS, "offsets(arena, sizes, constants) -> {array: byte}"},
    {"measure", measure, METH_VARARGS, "measure(arena, sizes, constants) -> (objective, p's)"},
    {"advance", advance, METH_VARARGS, "advance(arena, sizes, constants) -> whether it could"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_cvxeda", "The compiled iteration of cvxEDA.", -1, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__cvxeda(void) {
    wide = has_wide();
    PyObject *created = PyModule_Create(&module);
    if (created) PyModule_AddStringConstant(created, "SIMD", wide ? "avx2" : "baseline");
    return created;
}

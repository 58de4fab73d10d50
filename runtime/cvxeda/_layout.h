/* The arena of one problem: its arrays, SIMD vectors, and where columns have their slots.
 *
 * Everything lives in one bytearray, the arena, that Python owns and views through numpy; its size
 * is checked at every call, so a wrong shape is an error and never a wild pointer.
 *
 * Columns of the tonic basis sit in slots, four to a SIMD vector: slot 0 is the right-hand side, 1
 * and 2 are the free baseline, the splines start at 4. All splines are one bump, shifted, of which
 * at most five meet in a row, so a table of one knot spacing holds them. Cost and memory per sample
 * do not grow with n.
 */
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
#define BLOCK 16  /* rows that are factored, substituted and multiplied while in cache */
#define OVERLAP 5 /* splines that meet in a row, of index knot - 2 to knot + 2 */
#define ENTRY 12  /* a row of a table by rows: four zeros, the overlap, three zeros */
#define MARGIN 8  /* zeros on either side of a signal, so that neighbours exist at the edges */
#define FIRST_SPLINE LANES
#define NO_COLUMN 1e300 /* penalty of an empty slot: its coefficient stays zero */

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

/* The tonic basis G, or A G, by columns: the baseline's two over the window, and for the rows of a
 * knot those of the splines, `stride` apart; A reaches before the window: its first rows differ. */
typedef struct {
    const double *base1, *base2, *first, *others;
} Columns;

/* One problem: sizes, constants, and the places of all arrays in the arena. */
typedef struct {
    Py_ssize_t n, splines, baseline, spacing; /* samples, columns of B and C, samples per knot */
    Py_ssize_t width, vectors, phases;        /* slots, their SIMD vectors, rows of a table */
    Py_ssize_t signal, stride;                /* from a signal to the next, of a table by columns */
    double alpha, gamma, a1, a2, m, knot_s;   /* A = (1, a1, a2), M = m (1, 2, 1) */
    double left;                              /* p's */
    /* Python reads or writes these: signals (n,); tables by columns (5, stride) of G, of A G and of
     * its first rows; A G by rows (2 + phases, 12): rows 0 and 1 of the window first; the inverses
     * of G'G + penalty, in the model's order, and of C'C. */
    double *window, *tonic, *phasic, *driver, *residual, *bound, *coefficients;
    double *base1, *base2, *border1, *border2;
    double *shapes, *border_shapes, *first_shapes, *table, *ridge, *outer;
    /* Of one iteration. */
    double *y, *centred, *slack, *dual, *correlation, *primal_residual, *dual_residual;
    double *inverse_slack, *inverse_driver, *ratio;
    double *change, *rhs, *work, *omega, *dslack, *ddriver, *diagonal, *below1, *below2;
    double *root, *coupling, *x, *dx, *z, *carry, *gram, *factor;
} Problem;

/* Place the arrays; returns the bytes from the start of the arena. */
static size_t place(Problem *q, char *arena) {
    double *next = (double *)(arena + (64 - (uintptr_t)arena % 64) % 64);
    q->vectors = 1 + (q->splines + LANES - 1) / LANES;
    q->width = q->vectors * LANES;
    q->phases = q->spacing < q->n ? q->spacing : q->n;
    q->signal = (q->n + 2 * MARGIN + 7) / 8 * 8;
    q->stride = (q->phases + 2 * LANES - 1) / LANES * LANES;
    double **signals[] = {
        &q->window, &q->tonic, &q->phasic, &q->driver, &q->residual, &q->bound, /* in this order */
        &q->y, &q->centred, &q->slack, &q->dual,
        &q->base1, &q->base2, &q->border1, &q->border2, &q->correlation,
        &q->primal_residual, &q->dual_residual, &q->inverse_slack, &q->inverse_driver, &q->ratio,
        &q->change, &q->rhs, &q->work, &q->omega, &q->dslack, &q->ddriver, &q->diagonal,
        &q->below1, &q->below2, &q->root,
    };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        *signals[i] = next + MARGIN;
        next += q->signal;
    }
    const Py_ssize_t columns = q->splines + q->baseline;
    const struct {
        double **array;
        Py_ssize_t count;
    } others[] = {
        {&q->shapes, OVERLAP * q->stride},
        {&q->border_shapes, OVERLAP * q->stride},
        {&q->first_shapes, OVERLAP * q->stride},
        {&q->table, (2 + q->phases) * ENTRY},
        {&q->ridge, columns * columns},
        {&q->outer, 4},
        {&q->coefficients, columns},
        {&q->coupling, q->width},
        {&q->x, q->width},
        {&q->dx, q->width},
        {&q->z, BLOCK * q->width},
        {&q->carry, 2 * q->width},
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
    return q->table + row * ENTRY + LANES - s->offset;
}

INLINE Columns tonic_columns(const Problem *q) {
    return (Columns){q->base1, q->base2, q->shapes, q->shapes};
}

INLINE Columns border_columns(const Problem *q) {
    return (Columns){q->border1, q->border2, q->first_shapes, q->border_shapes};
}

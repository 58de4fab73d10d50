/* From a window to its certified answer; the arithmetic of steps.py, which explains it. */

#define START_DRIVER 3.0
#define START_SLACK 8e-4
#define ROUGH 0.1
#define ROUGH_ITERATIONS 12
#define COARSENING 4
#define ROUNDING 1e-14 /* of the largest sample: what a baseline that explains a window leaves */

/* The two large functions, so that they are compiled once and not at every call. */
typedef struct {
    double (*measure)(Problem *);
    int (*advance)(Problem *);
} Arithmetic;

/* The best fit without any driver. */
INLINE void fit(Problem *q) {
    const Py_ssize_t columns = q->splines + q->baseline;
    project_columns(q, tonic_columns(q), q->y, q->coupling);
    memset(q->x, 0, q->width * sizeof(double));
    for (Py_ssize_t j = 0; j < columns; j++) {
        double value = 0.0;
        for (Py_ssize_t k = 0; k < columns; k++)
            value += q->ridge[j * columns + k] * q->coupling[slot_of(q, k)];
        q->x[slot_of(q, j)] = q->coefficients[j] = value;
    }
    subtract_columns(q, tonic_columns(q), q->x, q->y, q->dual);
    memset(q->driver, 0, q->n * sizeof(double));
    memset(q->slack, 0, q->n * sizeof(double));
}

/* Give `to` the coefficients of `from`: the same tonic signal, by linear interpolation of knots. */
INLINE void translate(const Problem *from, Problem *to) {
    for (Py_ssize_t j = 0; j < to->splines; j++) {
        const double place = (double)j * to->knot_s / from->knot_s;
        double value = from->coefficients[from->splines - 1];
        if (place < (double)(from->splines - 1)) { /* Neither NaN nor beyond any integer. */
            const Py_ssize_t knot = (Py_ssize_t)place;
            const double share = place - (double)knot;
            value = from->coefficients[knot] * (1.0 - share) + from->coefficients[knot + 1] * share;
        }
        to->coefficients[j] = value;
    }
    for (Py_ssize_t j = 0; j < to->baseline; j++)
        to->coefficients[to->splines + j] = from->coefficients[from->splines + j];
}

/* Fill `fine` (n,) by linear interpolation between the n / COARSENING means in `coarse`. */
INLINE void refine(const double *coarse, double *fine, Py_ssize_t n) {
    const Py_ssize_t count = n / COARSENING, before = COARSENING / 2;
    Py_ssize_t i = 0;
    while (i < before) fine[i++] = coarse[0];
    for (Py_ssize_t k = 0; k + 1 < count; k++)
        for (int j = 0; j < COARSENING; j++) {
            const double share = (j + 0.5) / COARSENING;
            fine[i++] = coarse[k] * (1.0 - share) + coarse[k + 1] * share;
        }
    while (i < n) fine[i++] = coarse[count - 1];
}

/* Set the iterate to iterate from: the coarser problems are solved roughly, one from the other. */
INLINE void start(Problem *levels, Py_ssize_t count, Arithmetic does) {
    for (Py_ssize_t l = 0; l + 1 < count; l++) {
        Problem *fine = levels + l, *coarse = fine + 1;
        for (Py_ssize_t i = 0; i < coarse->n; i++) {
            const double *y = fine->y + COARSENING * i;
            coarse->y[i] = ((y[0] + y[1]) + (y[2] + y[3])) / COARSENING;
        }
        coarse->alpha = fine->alpha;
        translate(fine, coarse);
    }
    Problem *last = levels + count - 1;
    for (Py_ssize_t i = 0; i < last->n; i++) {
        last->driver[i] = START_DRIVER;
        last->slack[i] = fmax(last->alpha, START_SLACK);
        last->dual[i] = 0.0;
    }
    for (Py_ssize_t l = count - 1; l > 0; l--) {
        Problem *coarse = levels + l, *fine = coarse - 1;
        for (int k = 0; k < ROUGH_ITERATIONS; k++) {
            double size = 0.0;
            for (Py_ssize_t i = 0; i < coarse->n; i++)
                size += 0.5 * coarse->dual[i] * coarse->dual[i] + coarse->alpha * coarse->driver[i];
            does.measure(coarse);
            if (coarse->left < ROUGH * size || !does.advance(coarse)) break;
        }
        refine(coarse->driver, fine->driver, fine->n);
        refine(coarse->slack, fine->slack, fine->n);
        refine(coarse->dual, fine->dual, fine->n);
        translate(coarse, fine);
    }
}

/* Fill `bound` with the dual point that proves the returned lower bound of every objective. */
INLINE double certify(Problem *q) {
    double square = 0.0, slope = 0.0;
    double *restrict v = q->bound;
    project_columns(q, tonic_columns(q), q->dual, q->dx);
    memset(q->x, 0, q->width * sizeof(double));
    q->x[1] = q->outer[0] * q->dx[1] + q->outer[1] * q->dx[2];
    q->x[2] = q->outer[2] * q->dx[1] + q->outer[3] * q->dx[2];
    subtract_columns(q, tonic_columns(q), q->x, q->dual, v);
    project_columns(q, tonic_columns(q), v, q->dx);
    const double highest = highest_correlation(q, v);
    for (Py_ssize_t i = 0; i < q->n; i++) {
        square += v[i] * v[i];
        slope += q->y[i] * v[i];
    }
    double curvature = square;
    for (Py_ssize_t j = 0; j < q->splines; j++) {
        const double product = q->dx[FIRST_SPLINE + j];
        curvature += product * product / q->gamma;
    }
    if (curvature == 0.0) return 0.0;
    double length = slope / curvature;
    if (highest > 0.0) length = fmin(length, q->alpha / highest);
    for (Py_ssize_t i = 0; i < q->n; i++) v[i] *= length;
    return length * slope - 0.5 * length * length * curvature;
}

/* The window without its baseline, and its root mean square: what is solved is the one divided by
 * the other. Both changes are exact: the baseline is free, and objective(s y; alpha) is s^2 times
 * objective(y; alpha / s). `free` becomes the coefficients of what was taken away, in two passes,
 * the second for what rounding left of a large offset. */
INLINE double centre(Problem *q, double free[2]) {
    double square = 0.0, largest = 0.0;
    const double *from = q->window;
    free[0] = free[1] = 0.0;
    memset(q->x, 0, q->width * sizeof(double));
    for (int pass = 0; pass < 2; pass++, from = q->y) {
        project_columns(q, tonic_columns(q), from, q->dx);
        q->x[1] = q->outer[0] * q->dx[1] + q->outer[1] * q->dx[2];
        q->x[2] = q->outer[2] * q->dx[1] + q->outer[3] * q->dx[2];
        free[0] += q->x[1], free[1] += q->x[2];
        subtract_columns(q, tonic_columns(q), q->x, from, pass ? q->centred : q->y);
    }
    for (Py_ssize_t i = 0; i < q->n; i++) {
        square += q->centred[i] * q->centred[i];
        largest = fmax(largest, fabs(q->window[i]));
    }
    double scale = sqrt(square / (double)q->n);
    if (scale <= ROUNDING * largest) { /* The baseline explains the window. */
        memset(q->centred, 0, q->n * sizeof(double));
        scale = 1.0;
    }
    for (Py_ssize_t i = 0; i < q->n; i++) q->y[i] = q->centred[i] / scale;
    return scale;
}

/* Of the arrays that Python reads: the objective, its distance from the lower bound relative to it,
 * and how far the window and the farther of its two parts swing. */
typedef struct {
    double objective, gap, swing, span;
    long iterations;
} Found;

INLINE double swing_of(const double *signal, Py_ssize_t n) {
    double lowest = signal[0], highest = signal[0];
    for (Py_ssize_t i = 1; i < n; i++) {
        lowest = signal[i] < lowest ? signal[i] : lowest;
        highest = signal[i] > highest ? signal[i] : highest;
    }
    return highest - lowest;
}

/* Give the answer its scale and its baseline back. */
INLINE void gather(
    Problem *q, double alpha, double scale, const double free[2], double bound, Found *found) {
    const Py_ssize_t columns = q->splines + q->baseline;
    double square = 0.0, drive = 0.0, weight = 0.0;
    memset(q->x, 0, q->width * sizeof(double));
    for (Py_ssize_t j = 0; j < columns; j++) {
        const double x = scale * q->coefficients[j];
        q->x[slot_of(q, j)] = -x;
        if (j < q->splines) weight += x * x;
        q->coefficients[j] = j < q->splines ? x : x + free[j - q->splines];
    }
    memset(q->work, 0, q->n * sizeof(double));
    subtract_columns(q, tonic_columns(q), q->x, q->work, q->tonic);
    for (Py_ssize_t i = 0; i < q->n; i++) {
        q->driver[i] *= scale;
        q->phasic[i] *= scale;
        q->bound[i] *= scale;
        q->residual[i] = q->centred[i] - q->phasic[i] - q->tonic[i];
        q->tonic[i] += q->window[i] - q->centred[i];
        square += q->residual[i] * q->residual[i];
        drive += q->driver[i];
    }
    found->objective = 0.5 * square + alpha * drive + 0.5 * q->gamma * weight;
    const double excess = fmax(0.0, found->objective - scale * scale * bound);
    found->gap = found->objective > 0.0 ? excess / found->objective : 0.0;
    found->span = swing_of(q->window, q->n);
    found->swing = fmax(swing_of(q->tonic, q->n), swing_of(q->phasic, q->n));
}

INLINE Found solve_body(
    Problem *levels, Py_ssize_t count, double alpha, double tolerance, long most, Arithmetic does) {
    Problem *q = levels;
    Found found = {0.0, 0.0, 0.0, 0.0, 0};
    double bound = 0.0, free[2];
    int proven = 0, driven = 0;
    const double scale = centre(q, free);
    q->alpha = alpha / scale;
    fit(q);
    measure_body(q, 0);
    for (Py_ssize_t i = 0; i < q->n; i++) driven |= q->correlation[i] > q->alpha;
    if (driven) {
        start(levels, count, does);
        for (;;) {
            const double objective = does.measure(q), allowed = tolerance * objective;
            if (!(q->left > allowed)) {
                bound = certify(q);
                proven = objective - bound <= allowed;
            }
            if (proven || found.iterations >= most || !does.advance(q)) break;
            found.iterations++;
        }
    }
    if (!proven) bound = certify(q);
    gather(q, alpha, scale, free, bound, &found);
    return found;
}

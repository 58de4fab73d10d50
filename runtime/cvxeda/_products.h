/* Products with the tonic basis and with K, the phasic response. */

/* to = from - G x, or A G x; four rows at once. */
INLINE void subtract_columns(
    const Problem *q, Columns c, const double *x, const double *from, double *to) {
    const double x1 = x[1], x2 = x[2];
    for (Py_ssize_t knot = 0; knot * q->spacing < q->n; knot++) {
        const Stretch s = stretch_of(q, knot);
        const double *restrict shapes = knot ? c.others : c.first;
        double weights[OVERLAP];
        for (int k = 0; k < OVERLAP; k++) {
            const Py_ssize_t spline = knot - OVERLAP / 2 + k;
            weights[k] = spline >= 0 && spline < q->splines ? x[FIRST_SPLINE + spline] : 0.0;
        }
        /* Whole vectors run over the end; the next rows are written after that. */
        for (Py_ssize_t i = s.first, phase = 0; i < s.end; i += LANES, phase += LANES) {
            lanes value = load(from + i) - x1 * load(c.base1 + i) - x2 * load(c.base2 + i);
            for (int k = 0; k < OVERLAP; k++)
                value -= weights[k] * load(shapes + k * q->stride + phase);
            store(to + i, value);
        }
    }
    memset(to + q->n, 0, LANES * sizeof(double));
}

/* slots = G'v, or (A G)'v. */
INLINE void project_columns(const Problem *q, Columns c, const double *v, double *slots) {
    lanes sum1 = zeros(), sum2 = zeros();
    memset(slots, 0, q->width * sizeof(double));
    for (Py_ssize_t knot = 0; knot * q->spacing < q->n; knot++) {
        const Stretch s = stretch_of(q, knot);
        const double *restrict shapes = knot ? c.others : c.first;
        lanes sums[OVERLAP];
        for (int k = 0; k < OVERLAP; k++) sums[k] = zeros();
        Py_ssize_t i = s.first, phase = 0;
        for (; i + LANES <= s.end; i += LANES, phase += LANES) {
            const lanes value = load(v + i);
            sum1 += load(c.base1 + i) * value;
            sum2 += load(c.base2 + i) * value;
            for (int k = 0; k < OVERLAP; k++)
                sums[k] += load(shapes + k * q->stride + phase) * value;
        }
        if (i < s.end) {
            lanes value = zeros();
            for (int k = 0; i + k < s.end; k++) value[k] = v[i + k];
            sum1 += load(c.base1 + i) * value;
            sum2 += load(c.base2 + i) * value;
            for (int k = 0; k < OVERLAP; k++)
                sums[k] += load(shapes + k * q->stride + phase) * value;
        }
        for (int k = 0; k < OVERLAP; k++) {
            const Py_ssize_t spline = knot - OVERLAP / 2 + k;
            if (spline >= 0 && spline < q->splines) slots[FIRST_SPLINE + spline] += total(sums[k]);
        }
    }
    slots[1] = total(sum1);
    slots[2] = total(sum2);
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

/* The greatest element of K'v. */
INLINE double highest_correlation(const Problem *q, const double *v) {
    double b1 = 0.0, b2 = 0.0, highest = -INFINITY;
    for (Py_ssize_t k = q->n - 1; k >= 0; k--) {
        const double b = (v[k] - q->a2 * b2) - q->a1 * b1;
        const double correlation = q->m * ((b + b2) + 2.0 * b1);
        if (correlation > highest) highest = correlation;
        b2 = b1, b1 = b;
    }
    return highest;
}

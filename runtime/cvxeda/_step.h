/* One predictor-corrector step of the interior-point iteration; the arithmetic of lapack.py. */

#define SHORTEST_REACH 0.9 /* of the way to the nearest bound, as in lapack.py */
#define LONGEST_REACH 0.98

/* Residuals of the iterate, its phasic signal and correlation, p's, and where it has a driver, what
 * `advance` needs; returns the objective. */
INLINE double measure_body(Problem *q, const int driven) {
    const double a1 = q->a1, a2 = q->a2, alpha = q->alpha;
    memset(q->x, 0, q->width * sizeof(double));
    for (Py_ssize_t j = 0; j < q->splines + q->baseline; j++)
        q->x[slot_of(q, j)] = q->coefficients[j];
    if (driven) {
        divide(q);
        filter_and_factor(q);
    } else {
        filter(q);
    }
    double *restrict residual = q->work, *restrict rest = q->rhs;
    for (Py_ssize_t i = 0; i < q->n; i++) rest[i] = q->y[i] - q->phasic[i];
    subtract_columns(q, tonic_columns(q), q->x, rest, residual);
    project_columns(q, tonic_columns(q), q->dual, q->coupling);

    const double *restrict correlation = q->correlation;
    double *restrict dual_residual = q->dual_residual, *restrict primal = q->primal_residual;
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
    q->left = total(products);
    double objective = 0.5 * total(squares) + alpha * total(drive);
    for (Py_ssize_t j = 0; j < q->splines + q->baseline; j++) {
        const Py_ssize_t slot = slot_of(q, j);
        const double weight = penalty_of(q, slot), x = q->x[slot];
        objective += 0.5 * weight * x * x;
        q->coupling[slot] -= weight * x;
    }
    return objective;
}

/* omega = inv(N) from. A row needs the two before it, which change places: to hand them on would
 * lengthen the wait for the last one. */
INLINE void solve_banded(Problem *q, const double *restrict from) {
    const double *restrict below1 = q->below1, *restrict below2 = q->below2;
    const double *restrict inverse = q->diagonal;
    double *restrict omega = q->omega;
    double even = 0.0, odd = 0.0;
    Py_ssize_t i = 0;
    for (; i + 1 < q->n; i += 2) {
        even = (from[i] - below2[i] * even) - below1[i] * odd;
        omega[i] = even * inverse[i];
        odd = (from[i + 1] - below2[i + 1] * odd) - below1[i + 1] * even;
        omega[i + 1] = odd * inverse[i + 1];
    }
    if (i < q->n) omega[i] = ((from[i] - below2[i] * even) - below1[i] * odd) * inverse[i];
    even = odd = 0.0;
    for (i = q->n - 1; i >= 1; i -= 2) {
        even = (omega[i] - below2[i + 2] * even) - below1[i + 1] * odd;
        omega[i] = even;
        odd = (omega[i - 1] - below2[i + 1] * odd) - below1[i] * even;
        omega[i - 1] = odd;
    }
    if (i == 0) omega[0] = (omega[0] - below2[2] * even) - below1[1] * odd;
}

/* omega = inv(N) (rhs - A G dx) */
INLINE void solve_less_border(Problem *q) {
    subtract_columns(q, border_columns(q), q->dx, q->rhs, q->work);
    solve_banded(q, q->work);
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

/* One predictor-corrector step; 0 where the arithmetic can go no further. */
INLINE int advance_body(Problem *q) {
    const Py_ssize_t n = q->n, width = q->width;
    double products[3];
    aim(q);
    multiply_border(q);
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
    solve_banded(q, q->rhs);
    project_columns(q, border_columns(q), q->omega, q->dx);
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

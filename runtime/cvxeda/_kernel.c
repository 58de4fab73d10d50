/* The interior-point iteration of cvxEDA, compiled: the same steps to the same optimum as steps.py
 * and lapack.py, whose heads derive them. This file is what Python sees of it.
 */
#define Py_LIMITED_API 0x030A0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_layout.h"
#include "_products.h"
#include "_factor.h"
#include "_step.h"
#include "_solution.h"

#define MOST_LEVELS 16

/* The same code twice on x86, so that one wheel uses AVX2 where the processor has it. */
#define VARIANT(NAME, TARGET)                                                                 \
    TARGET static double measure_##NAME(Problem *q) { return measure_body(q, 1); }            \
    TARGET static int advance_##NAME(Problem *q) { return advance_body(q); }                  \
    TARGET static Found solve_##NAME(                                                         \
        Problem *q, Py_ssize_t count, double alpha, double tolerance, long most) {            \
        const Arithmetic does = {measure_##NAME, advance_##NAME};                             \
        return solve_body(q, count, alpha, tolerance, most, does);                            \
    }
#define ANY
VARIANT(plain, ANY)
#if defined(__x86_64__) || defined(__i386__)
#define WIDE __attribute__((target("avx2,fma")))
VARIANT(wide, WIDE)
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
#define solve_wide solve_plain
static int has_wide(void) { return 0; }
#endif
static int wide;

/* A row meets the splines up to two after its knot: there must be one for every knot. */
static int sizes_allowed(const Problem *q) {
    return q->n >= 3 && q->n <= (Py_ssize_t)1 << 28 && q->spacing >= 1 && q->splines <= 4096 &&
           q->splines > (q->n - 1) / q->spacing && q->baseline >= 0 && q->baseline <= 2;
}

/* Read (arena, (n, splines, baseline, spacing), (gamma, a1, a2, m, knot_s)). */
static int read_problem(PyObject *args, Problem *q, PyObject **arena) {
    if (!PyArg_ParseTuple(args, "Y(nnnn)(ddddd)", arena, &q->n, &q->splines, &q->baseline,
                          &q->spacing, &q->gamma, &q->a1, &q->a2, &q->m, &q->knot_s))
        return 0;
    if (!sizes_allowed(q) || !(q->knot_s > 0.0)) {
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
    if (!PyArg_ParseTuple(args, "nnnn", &q.n, &q.splines, &q.baseline, &q.spacing)) return NULL;
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
    PyObject *places = Py_BuildValue("{snsn}", "stride", q.stride, "signal", q.signal);
#define OFFSET(name) {#name, (char *)q.name - base}
    const struct {
        const char *name;
        Py_ssize_t byte;
    } arrays[] = {
        OFFSET(window), OFFSET(tonic), OFFSET(coefficients), OFFSET(base1), OFFSET(base2),
        OFFSET(border1), OFFSET(border2), OFFSET(shapes), OFFSET(border_shapes),
        OFFSET(first_shapes), OFFSET(table), OFFSET(ridge), OFFSET(outer),
    };
    for (size_t i = 0; places && i < sizeof arrays / sizeof *arrays; i++) {
        PyObject *byte = PyLong_FromSsize_t(arrays[i].byte);
        if (!byte || PyDict_SetItemString(places, arrays[i].name, byte) < 0) Py_CLEAR(places);
        Py_XDECREF(byte);
    }
    return places;
}

/* Every level must be the one before it, COARSENING times coarser. */
static int read_levels(PyObject *given, Problem *levels) {
    const Py_ssize_t count = PyTuple_Size(given);
    if (count < 1 || count > MOST_LEVELS) {
        PyErr_SetString(PyExc_ValueError, "levels out of range");
        return 0;
    }
    for (Py_ssize_t l = 0; l < count; l++) {
        PyObject *level = PyTuple_GetItem(given, l), *arena;
        if (!PyTuple_Check(level)) {
            PyErr_SetString(PyExc_TypeError, "a level is a tuple");
            return 0;
        }
        if (!read_problem(level, levels + l, &arena)) return 0;
        if (l && (levels[l].n != levels[l - 1].n / COARSENING ||
                  levels[l].baseline != levels[l - 1].baseline)) {
            PyErr_SetString(PyExc_ValueError, "levels do not match");
            return 0;
        }
    }
    return 1;
}

static PyObject *solve(PyObject *module, PyObject *args) {
    (void)module;
    Problem levels[MOST_LEVELS];
    PyObject *given;
    double alpha, tolerance;
    long most;
    if (!PyArg_ParseTuple(args, "O!ddl", &PyTuple_Type, &given, &alpha, &tolerance, &most) ||
        !read_levels(given, levels))
        return NULL;
    const Py_ssize_t count = PyTuple_Size(given);
    Found found;
    Py_BEGIN_ALLOW_THREADS
    found = (wide ? solve_wide : solve_plain)(levels, count, alpha, tolerance, most);
    Py_END_ALLOW_THREADS
    return Py_BuildValue(
        "ldddd", found.iterations, found.objective, found.gap, found.swing, found.span);
}

static PyMethodDef methods[] = {
    {"size", size, METH_VARARGS, "size(n, splines, baseline, spacing) -> bytes of an arena"},
    {"offsets", offsets, METH_VARARGS, "offsets(arena, sizes, constants) -> {array: byte}"},
    {"solve", solve, METH_VARARGS, "solve(levels, alpha, tolerance, most) -> answer"},
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

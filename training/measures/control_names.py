"""What answers are called beside which a model's own stands, and what each of them knows."""

WORDS = {
    "rtcan": "RTCAN-1D",
    "network_alone": "network alone",
    "regression_alone": "regression in running units",
    "clock_alone": "time since the start alone",
    "personal_prior": "personal prior",
    "stimulus_prior": "stimulus prior",
    "one_answer_per_person": "one answer per person",
}
"""In words, by name in metrics.json; the first three are the model and its paths."""

SHORT = WORDS | {
    "regression_alone": "regression",
    "clock_alone": "clock alone",
    "one_answer_per_person": "one per person",
}
"""The same where a terminal is narrow."""

PRIOR_BELOW_HALF = (
    "A personal prior below 0.5 is no error: a trial is left out of its own, so that where people "
    "have about as many of either class the others lean the other way."
)
EXPLAINED = (
    "Controls know nothing of the minute in question. Time since the start: the share of high at "
    "that second of other sittings. Personal prior: the share of high among the person's other "
    f"trials. {PRIOR_BELOW_HALF} Stimulus prior: the same among other people's trials with the "
    "stimulus. One answer per person: the mean of the model's answers for the person. AUC within "
    "a person is the mean of the AUC of each person's own windows, where no difference between "
    "people helps."
)

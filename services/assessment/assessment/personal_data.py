"""What assessment holds on a person: what goes into their export, and what does not, and why."""

from chassis.personal_data import Section

_MINE = "courses_assessmentattempt.user_id"
# Whether an answer was right, question by question, is the answer key in the hands of who may try again. How the
# attempt as a whole was scored is theirs to know, and what the examiner wrote.
_KEY = ("is_correct", "points_earned")

SECTIONS = (
    Section("attempts", "courses_assessmentattempt"),
    Section(
        "attempt_answers",
        "courses_attemptanswer",
        f"attempt_id -> {_MINE}",
        leaves_out=_KEY,
    ),
    Section(
        "attempt_answer_choices",
        "attempt_answer_choices",
        f"attempt_answer_id -> courses_attemptanswer.attempt_id -> {_MINE}",
    ),
)

NOT_EXPORTED = {
    "courses_assessment": "belongs to a lesson, which catalog exports to who wrote it",
    "courses_question": "the questions of an assessment; their explanations are part of the answer key",
    "courses_answer": "the answer key",
}

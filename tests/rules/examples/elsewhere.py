"""Amounts of other schemes."""

from tests.rules.examples.story import Deed, deed, story

FULL = "limit_reached"


THREE_IN_ONE_LINE = tuple(" ".join("3" if line == three else "2" for line in range(6)) for three in range(6))


def came(on: str, points: int, meeting: str, on_time: str, to_the_end: str, spoke: str) -> Deed:
    refusal = None if points else "no_points"
    return deed("E2", on, points, refusal, meeting=meeting, on_time=on_time, to_the_end=to_the_end, spoke=spoke)


def quarrel(household: str, points: int, role: str, case: str = "调 5", on: str = "2026-06-01") -> Deed:
    return deed("E6", on, points, None if points else FULL, household=household, case=case, role=role)


STORIES = (
    story(
        "each session once for each person",
        deed("E1", "2026-02-01", 1, session="民法典第一讲"),
        deed("E1", "2026-02-01", 0, FULL, session="民法典第一讲"),
        deed("E1", "2026-02-01", 1, session="民法典第一讲", person="李四"),
        deed("E1", "2026-02-08", 1, session="民法典第二讲"),
        deed("E1", "2026-02-09", 0, FULL, session="民法典第二讲"),
        deed("E1", "2025-12-31", 0, "not_in_force", session="民法典序"),
        deed("E1", "2026-01-01", 1, session="民法典序"),
    ),
    story(
        "on time 1, to the end 1, speaks up 2",
        came("2026-03-01", 4, "三月会", "yes", "yes", "yes"),
        came("2026-04-01", 2, "四月会", "yes", "yes", "no"),
        came("2026-05-01", 1, "五月会", "no", "yes", "no"),
        came("2026-06-01", 2, "六月会", "no", "no", "yes"),
        came("2026-07-01", 0, "七月会", "no", "no", "no"),
        deed("E2", "2026-03-02", 0, FULL, meeting="三月会", on_time="yes", to_the_end="yes", spoke="no"),
    ),
    story(
        "six lines, 2 each, average of the judges",
        # 12 + 10 + 9 = 31, a third of it 10.33; 12 + 11 + 11 = 34, a third of it 11.33; then 11.67 for 35.
        deed("E3", "2026-03-31", 10, sheet="2 2 2 2 2 2；2 2 2 2 1 1；2 2 2 1 1 1"),
        deed("E3", "2026-03-31", 0, FULL, sheet="2 2 2 2 2 2；2 2 2 2 2 2；2 2 2 2 2 2"),
        deed("E3", "2026-04-01", 11, sheet="2 2 2 2 2 2；2 2 2 2 2 1；2 2 2 2 2 1"),
        deed("E3", "2026-05-01", 12, sheet="2 2 2 2 2 2；2 2 2 2 2 2；2 2 2 2 2 1"),
        deed("E3", "2026-06-01", 0, "bad_input", sheet="2 2 2 2 2；2 2 2 2 2；2 2 2 2 2"),
        *(deed("E3", "2026-06-01", 0, "bad_input", sheet="；".join([row] * 3)) for row in THREE_IN_ONE_LINE),
    ),
    story(
        "honours, each once a year, from 30 to 50",
        deed("E4", "2026-10-29", 50, honour="daughter_in_law", decided_points=50, decided_record="评 1"),
        deed("E4", "2026-12-31", 0, FULL, honour="daughter_in_law", decided_points=30, decided_record="评 2"),
        deed("E4", "2026-12-31", 30, honour="yard", decided_points=30, decided_record="评 2"),
        deed("E4", "2027-01-01", 40, honour="daughter_in_law", decided_points=40, decided_record="评 3"),
        deed(
            "E4", "2027-01-01", 0, "bad_input", honour="parents_in_law", decided_points=29, decided_record="评 3"
        ),
    ),
    story(
        "no honour above the range",
        deed("E4", "2026-01-01", 0, "bad_input", honour="yard", decided_points=51, decided_record="评 3"),
    ),
    story(
        "a simple wedding once",
        deed("E5", "2026-05-01", 100, event="长子婚礼", decided_points=100, decided_record="理 1"),
        deed("E5", "2026-09-01", 0, FULL, event="长子婚礼", decided_points=20, decided_record="理 2"),
        deed("E5", "2026-09-01", 20, event="祖父丧事", decided_points=20, decided_record="理 2"),
        deed("E5", "2026-09-01", 0, "bad_input", event="搬家", decided_points=101, decided_record="理 2"),
    ),
    story(
        "a quarrel has two parties and a mediator",
        quarrel("h1", 5, "party"),
        quarrel("h1", 0, "mediator"),
        quarrel("h2", 5, "party"),
        quarrel("h3", 0, "party"),
        quarrel("h4", 20, "mediator"),
        quarrel("h5", 0, "mediator"),
        quarrel("h1", 20, "mediator", case="调 6"),
        quarrel("h1", 0, "party", case="调 6", on="2027-06-01"),
        quarrel("h2", 5, "party", case="调 6", on="2027-06-01"),
        quarrel("h3", 5, "party", case="调 6", on="2027-06-02"),
        quarrel("h4", 0, "mediator", case="调 6", on="2027-06-03"),
        quarrel("h1", 5, "party", case="调 7"),
        quarrel("h2", 5, "party", case="调 7", on="2026-06-02"),
        quarrel("h3", 0, "party", case="调 7", on="2026-06-03"),
    ),
    story(
        "joins the army, learns a skill",
        deed("E7", "2026-09-01", 100),
        deed("E7", "2028-09-01", 0, FULL),
        deed("E7", "2028-09-01", 100, person="李四"),
        deed("E8", "2026-04-01", 10, certificate="电工证"),
        deed("E8", "2027-04-01", 0, FULL, certificate="电工证"),
        deed("E8", "2027-04-01", 10, certificate="焊工证"),
    ),
    story(
        "by weight, whole kilograms, twenty a month",
        deed("E9", "2026-03-01", 12, kg=12.9),
        deed("E9", "2026-03-31", 8, kg=9),
        deed("E9", "2026-03-31", 0, FULL, kg=5),
        deed("E9", "2026-04-01", 20, kg=30.5),
        deed("E9", "2026-05-01", 20, kg=1000),
        deed("E9", "2026-06-01", 0, "no_points", kg=0.9),
        deed("E9", "2026-06-01", 0, "bad_input", kg=1000.5),
    ),
)

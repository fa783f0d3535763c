"""Whether the target comes through at all: not a clause of its own, but without it no clause can be judged."""

from __future__ import annotations

from ..display import show
from ..model import HELD, Level, Outcome, fault
from ..records.app import AppRun, ExchangeRecord
from ..registry import app_rule

SECTION = "process"

#: The stimuli whose runs are judged here: all of them.
ANY = ("*",)


@app_rule(
    id="answers-in-time",
    level=Level.ERROR,
    clauses=("call-app-repeatable",),
    stimuli=ANY,
    hint="Find what blocks: a read beyond the body, a lock, an endless loop. --wsgi-timeout=SECONDS gives more time.",
    since="0.1",
)
def answers_in_time(run: AppRun) -> Outcome:
    """The application answers within the time limit.

    A response that never comes is not complete (PEP 3333, "The Application/Framework Side": the same object can be
    called again and again). The log shows what the application was doing when its time was up.
    """
    if not run.exchanges:
        return None
    for record in run.exchanges:
        if record.timed_out:
            return fault(f"{record.method} {show(record.path)} did not end in time", location=record.start_location)
    return HELD


@answers_in_time.bad
def _():
    return AppRun("get", "/", [ExchangeRecord("get", timed_out=True)])


@answers_in_time.good
def _():
    return AppRun("get", "/", [ExchangeRecord("get", status="200 OK", starts=1, exhausted=True)])


@app_rule(
    id="raises-only-exceptions",
    level=Level.WARNING,
    clauses=("exc-app-traps-own",),
    stimuli=ANY,
    hint="Don't call sys.exit() while answering a request; raise an Exception, or answer with an error page.",
    since="0.1",
)
def raises_only_exceptions(run: AppRun) -> Outcome:
    """What leaves the application is an Exception, not SystemExit, KeyboardInterrupt or GeneratorExit.

    Servers guard themselves with ``except Exception``; a SystemExit from an application ends the worker, and the
    requests of everybody else with it (PEP 3333, "Error Handling": applications trap their own errors).
    """
    if not run.exchanges:
        return None
    for record in run.exchanges:
        if record.error is not None and not record.error.is_exception:
            got = record.error.type
            return fault(
                f"{got} left the application", got=got, expected="an Exception", location=record.error.location
            )
    return HELD


@raises_only_exceptions.bad
def _():
    from ..records.app import ErrorRecord

    exit_ = ErrorRecord("SystemExit", "1", "call", is_exception=False)
    return AppRun("get", "/", [ExchangeRecord("get", error=exit_)])


@raises_only_exceptions.good
def _():
    from ..records.app import ErrorRecord

    return AppRun("get", "/", [ExchangeRecord("get", error=ErrorRecord("ValueError", "bad input", "call"))])


@app_rule(
    id="process-survives",
    level=Level.ERROR,
    clauses=("call-app-repeatable",),
    stimuli=ANY,
    hint="The last lines it printed are in the evidence; --wsgi-select and --wsgi-path find the request that does it.",
    since="0.1",
)
def process_survives(run: AppRun) -> Outcome:
    """The interpreter lives on after a request.

    An application that ends, crashes or blocks the process takes the requests of everybody else with it, and can't be
    called again (PEP 3333, "The Application/Framework Side"). Judged in full under --wsgi-isolate only: without it the
    dying process is the harness's own.
    """
    how = run.facts.get("died")
    if how:
        return fault(
            f"during stimulus {run.stimulus} the interpreter {how}",
            got=str(how),
            expected="an answer",
            printed=list(run.facts.get("printed", [])),
        )
    return HELD if run.exchanges else None


@process_survives.bad
def _():
    return AppRun("get", "/", facts={"died": "died of SIGSEGV"})


@process_survives.good
def _():
    return AppRun("get", "/", [ExchangeRecord("get", status="200 OK", starts=1, exhausted=True)])


@app_rule(
    id="process-left-as-found",
    level=Level.ADVICE,
    clauses=(),  # PEP 3333 says nothing of the process around an application
    stimuli=ANY,
    hint="Change global state while the application is loaded, if at all, not while it answers.",
    since="0.1",
)
def process_left_as_found(run: AppRun) -> Outcome:
    """A request leaves the process's global state as it was.

    An application is called again and again in one process (PEP 3333, "The Application/Framework Side"). The working
    directory, signal handlers, standard streams and built-in functions belong to all requests and to the server; a
    request that changes them changes what the next one does, possibly in another thread at this moment.
    """
    changed = run.facts.get("tampered", [])
    if changed:
        names = ", ".join(map(str, changed[:10]))
        return fault(f"stimulus {run.stimulus} left changed: {show(names)}", got=names, expected="no change")
    return HELD if run.exchanges else None


@process_left_as_found.bad
def _():
    return AppRun("get", "/", [ExchangeRecord("get")], facts={"tampered": ["working directory"]})


@process_left_as_found.good
def _():
    return AppRun("get", "/", [ExchangeRecord("get")], facts={"tampered": []})

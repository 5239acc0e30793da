"""The members of a metric beside its whole; what fails here costs the whole nothing."""

from dataclasses import replace
from datetime import datetime

from detector.errors import SourceError, StoreError
from detector.pipeline.anomalies import Found, live_part
from detector.pipeline.judge_members import weigh_members
from detector.pipeline.member_parts import MemberFindings, find_members
from detector.pipeline.pulled import Failed, Pulled, named_for_reading
from detector.pipeline.recall import Memory
from detector.pipeline.where_members import with_members
from detector.pipeline.world import World

__all__ = ["judge_beside"]


def judge_beside(
    one: Pulled, found: Found, memory: Memory, late: frozenset[int], world: World, now: datetime
) -> tuple[Found, MemberFindings | Failed | None]:
    """What was found about the members, or why nothing was; and the whole, which knows by them where it fell.

    Raises:
        StoreError: the store failed.
    """
    if one.metric.each is None or (one.members is not None and not (one.members.due and one.members.state.names)):
        return found, None
    try:
        weighed = weigh_members(one, memory, late, world.store)
        is_alone = not found.fresh and live_part(one.metric.name, memory.live) is None
        members = find_members(weighed, memory, world, late, now, is_finer=is_alone)
        fresh = tuple(with_members(part, weighed) for part in found.fresh)
        continued = None if found.continued is None else with_members(found.continued, weighed)
        return replace(found, continued=continued, fresh=fresh), members
    except StoreError:
        raise
    except SourceError as error:
        fault = error
    except Exception as error:  # noqa: BLE001 - the boundary of members: their metric's whole is judged without them
        fault = SourceError(f"judging them failed with {type(error).__name__}: {error}; please report this")
    return found, Failed(replace(one.metric, name=named_for_reading(one.metric)), one.state, one.due, fault)

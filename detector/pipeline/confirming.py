"""Hold rankings to what a person has said."""

from dataclasses import replace

from detector.linking.learning import held_to
from detector.model.deploy import Ranking
from detector.model.incident import Incident

__all__ = ["held"]


def held(incident: Incident, ranking: Ranking) -> Ranking:
    """A newer ranking of an incident, as the verdict leaves it; without one as it is.

    What was confirmed is not ruled out by anything. Where the confirmed deploy is no longer known of, the last ranking
    that knew it stays.
    """
    verdict = incident.verdict
    if verdict is None:
        return ranking
    if verdict and not any(one.deploy.id == verdict for one in ranking.suspects):
        return incident.ranking
    rejected = tuple(one for one in ranking.rejected if one.deploy.id != verdict)
    return replace(held_to(ranking, verdict), rejected=rejected)

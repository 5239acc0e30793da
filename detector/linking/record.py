"""What each service's earlier deploys did, learned from past incidents."""

from collections.abc import Iterable, Mapping

from detector.model.deploy import Ranking, ServiceRecord

__all__ = ["service_records"]


def service_records(deploys_per_service: Mapping[str, int], rankings: Iterable[Ranking]) -> Mapping[str, ServiceRecord]:
    """Deploys and guilty deploys per service, by name in alphabetical order.

    Guilty is the sum of the probabilities that past incidents gave to the service's deploys (the expectation step of EM
    for competing hazards); a deploy in several incidents counts once, with its highest probability. A service has at
    least as many deploys as were suspects.

    Args:
        deploys_per_service: how many deploys each service had, before those that may be suspects now.
        rankings: of past incidents, the last word on each.
    """
    highest: dict[tuple[str, str, str], float] = {}
    for ranking in rankings:
        for suspect in ranking.suspects:
            deploy = suspect.deploy
            key = (deploy.service, deploy.source, deploy.id)
            highest[key] = max(highest.get(key, 0.0), suspect.probability)
    guilty: dict[str, list[float]] = {}
    for (service, _, _), probability in sorted(highest.items()):
        guilty.setdefault(service, []).append(probability)
    return {
        service: ServiceRecord(
            float(max(deploys_per_service.get(service, 0), len(guilty.get(service, [])))),
            float(sum(guilty.get(service, []))),
        )
        for service in sorted({*deploys_per_service, *guilty})
    }

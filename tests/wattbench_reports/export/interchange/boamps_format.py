"""BoAmps' format as a JSON schema, written after its specification: names, types, choices and what is required.

It is stricter than the specification in that no other key is allowed: the fields that the export does not write are not
in it. The project's own schema is not part of this one (CC BY 4.0; `tests/wattbench/importers/fetch_others.py` fetches
it, and the tests hold the reports against both).
"""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
NUMBER: dict[str, Any] = {"type": "number", "minimum": 0}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 1}
MOMENT: dict[str, Any] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": of}


ALGORITHM = _object(
    {"algorithmName": TEXT},
    {
        "algorithmType": TEXT,
        "foundationModelName": TEXT,
        "parametersNumber": NUMBER,
        "framework": TEXT,
        "frameworkVersion": TEXT,
        "quantization": TEXT,
    },
)
DATASET = _object(
    {"dataUsage": {"enum": ["input", "output"]}, "dataType": {"enum": ["token", "text"]}, "dataQuantity": NUMBER}
)
MEASURE = _object(
    {"measurementMethod": TEXT, "powerConsumption": NUMBER},
    {
        "version": TEXT,
        "cpuTrackingMode": TEXT,
        "gpuTrackingMode": TEXT,
        "measurementDuration": NUMBER,
        "measurementDateTime": MOMENT,
    },
)
COMPONENT = _object(
    {"componentType": {"enum": ["cpu", "gpu", "ram"]}, "nbComponent": COUNT},
    {"componentName": TEXT, "memorySize": NUMBER},
)
REPORT = _object(
    {
        "header": _object(
            {"formatVersion": TEXT, "formatVersionSpecificationUri": TEXT, "reportId": TEXT, "reportDatetime": MOMENT}
        ),
        "task": _object(
            {
                "taskStage": {"const": "inference"},
                "taskFamily": TEXT,
                "nbRequest": COUNT,
                "algorithms": _list(ALGORITHM),
                "dataset": _list(DATASET),
                "taskDescription": TEXT,
            },
            {"measuredAccuracy": {"type": "number", "minimum": 0, "maximum": 1}},
        ),
        "measures": _list(MEASURE),
        "infrastructure": _object({"infraType": {"const": "other"}, "components": _list(COMPONENT)}),
    },
    {
        "system": _object({"os": TEXT}),
        "software": _object({"language": TEXT, "version": TEXT}),
        "environment": _object({"country": TEXT}, {"powerSourceCarbonIntensity": NUMBER}),
    },
)

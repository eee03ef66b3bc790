"""What every process is told, and every service on the loop, whatever else."""

from pydantic import Field

from evermodel.common.settings.group import Group
from evermodel.common.settings.http import HealthSettings, HttpSettings
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.common.settings.loop import LoopSettings


class ProcessSettings(Group):
    """What every process is told, whatever else."""

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    health: HealthSettings = Field(default_factory=HealthSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)


class ServiceSettings(ProcessSettings):
    """What every service on the loop is told, whatever else."""

    loop: LoopSettings = Field(default_factory=LoopSettings)

"""The process of one job: ``python -m danceit.studio.process PROJECT ID``."""

import sys
import traceback
from pathlib import Path

from danceit.studio.jobs import ALIVE, JOB, Report
from danceit.studio.kept import read_object, take_lock


def main(project_folder: str, job_id: str) -> int:
    """Do what a job's file asks for and tell how far it is; 0 where it was done."""
    folder = Path(project_folder) / "jobs" / job_id
    alive = take_lock(folder / ALIVE)
    if alive is None:
        return 1  # another process is at it
    with alive:
        report = Report(folder)
        try:
            from danceit.studio.project import Project
            from danceit.studio.tasks import TASKS

            asked = read_object(folder / JOB)
            result = TASKS[asked["task"]](
                Project.open(Path(project_folder)), asked["asked"], report
            )
        except Exception as exc:
            traceback.print_exc()
            report.failed(exc)
            return 1
        report.done(result)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))

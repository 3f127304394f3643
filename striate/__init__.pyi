from .errors import ClassifierError as ClassifierError
from .errors import DataError as DataError
from .errors import NotationError as NotationError
from .errors import PictureError as PictureError
from .errors import RunError as RunError
from .errors import SettingError as SettingError
from .errors import StriateError as StriateError

__all__: list[str]
__version__: str

"""Orders, trips, payments and users as the company's systems know them: `engines.support.ports`."""

from core.settings import Settings
from engines.support.ports import Company


def company(settings: Settings) -> Company:
    """The company's own service where TRIPO_COMPANY_URL names it, else the lake of this home."""
    if settings.company_url:
        from serving.company.http import HttpCompany

        return HttpCompany(settings.company_url, settings.company_token.get_secret_value())
    from serving.company.lake import LakeCompany

    return LakeCompany(settings.home.absolute() / "lake")

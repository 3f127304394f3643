"""Times, shares, energy and mass as people write them."""

from __future__ import annotations


def format_duration(seconds: float) -> str:
    """Write a time as people say it.

    >>> format_duration(4.2), format_duration(100), format_duration(7300)
    ('4 s', '1 min 40 s', '2 h 2 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def format_percent(share: float) -> str:
    """Return a share, 0 to 1, as per cent; more digits where one would make it 0 or 100.

    >>> format_percent(0.98333), format_percent(0.9996), format_percent(1.0), format_percent(0.0)
    ('98.3 %', '99.96 %', '100.0 %', '0.0 %')
    """
    for digits in range(1, 7):
        text = f"{share * 100:.{digits}f}"
        if share in (0.0, 1.0) or 0.0 < float(text) < 100.0:
            return f"{text} %"
    return "<0.000001 %" if share < 0.5 else ">99.999999 %"


def format_energy(kwh: float) -> str:
    """Write an energy with three digits.

    >>> format_energy(0.00421), format_energy(2.5), format_energy(6.513e-8)
    ('4.21 Wh', '2.5 kWh', '0.0651 mWh')
    """
    if 0 < kwh < 1e-5:
        return f"{1e6 * kwh:.3g} mWh"
    return f"{kwh:,.3g} kWh" if kwh >= 1 else f"{1000 * kwh:.3g} Wh"


def format_mass(kg: float) -> str:
    """Write a mass with three digits.

    >>> format_mass(0.0016), format_mass(1.2), format_mass(3.1e-8)
    ('1.6 g', '1.2 kg', '0.031 mg')
    """
    if 0 < kg < 1e-5:
        return f"{1e6 * kg:.3g} mg"
    return f"{kg:,.3g} kg" if kg >= 1 else f"{1000 * kg:.3g} g"


def format_large_number(count: int) -> str:
    """Write a large number with three digits.

    >>> format_large_number(349_000_000), format_large_number(56_448), format_large_number(12)
    ('349 M', '56.4 k', '12')
    """
    for size, unit in ((10**9, " G"), (10**6, " M"), (10**3, " k")):
        if count >= 0.9995 * size:
            return f"{float(f'{count / size:.3g}'):g}{unit}"
    return str(count)

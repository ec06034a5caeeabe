"""Words for vehicles, and the makes and models that people name them by."""

VEHICLES = frozenset(
    {
        "car", "van", "truck", "lorry", "taxi", "cab", "bike", "motorbike", "motorcycle", "moped",
        "scooter", "auto", "rickshaw", "autorickshaw", "suv", "sedan", "minivan", "pickup",
        "driver", "vehicle", "rider", "courier",
    }
)  # fmt: skip
MAKES = frozenset(
    {
        "toyota", "prius", "corolla", "camry", "yaris", "rav4", "innova", "honda", "civic",
        "accord", "ford", "focus", "fiesta", "mondeo", "transit", "mustang", "volkswagen", "vw",
        "golf", "passat", "polo", "jetta", "touran", "skoda", "octavia", "superb", "fabia", "seat",
        "leon", "ibiza", "audi", "bmw", "mercedes", "benz", "vito", "sprinter", "renault", "clio",
        "megane", "zoe", "kangoo", "peugeot", "citroen", "citroën", "berlingo", "dacia", "logan",
        "duster", "sandero", "fiat", "punto", "panda", "doblo", "opel", "vauxhall", "astra",
        "corsa", "zafira", "vivaro", "nissan", "leaf", "qashqai", "micra", "sentra", "mazda", "kia",
        "rio", "ceed", "niro", "sportage", "hyundai", "ioniq", "tucson", "elantra", "i10", "i20",
        "i30", "suzuki", "swift", "dzire", "ertiga", "maruti", "tata", "mahindra", "volvo",
        "subaru", "tesla", "chevrolet", "chevy", "malibu", "impala", "gmc", "cadillac", "escalade",
        "lincoln", "jeep", "dodge", "chrysler", "buick", "jaguar", "rover", "land rover",
        "range rover", "mini", "lexus", "infiniti", "mitsubishi", "vespa", "yamaha", "piaggio",
        "iveco", "isuzu", "byd", "mg", "porsche", "wagon r", "bajaj", "activa", "model 3",
        "model y", "model s",
    }
)  # fmt: skip
"""Lower case. "seat" and "focus" are words too: a hint, not a verdict."""

"""The SOS list: words that make a message a matter of safety, whatever a model reads in it.

One list a language; all of them are looked for in every message, since people in danger do not stop
to choose a language. It errs on the side of too many: a person looks at a false alarm in a minute.
"""

import re

VERSION = "2026-11-26"
_WORDS = {
    "en": (
        r"sos(?!.? (?:button|buton|knopf))|help me now|being followed|following me",
        r"(?:has|pulled) a (?:gun|knife)|attack(?:ed|ing)|attacks (?:me|us|him|her)|kidnap\w*",
        r"bleeding|ambulance|not breathing|can(?:'|no)?t breathe|unconscious|passed out",
        r"heart attack|stroke|call (?:the )?police|emergency(?! (?:contact|button|line))",
        r"on fire|raped?|sexually assault\w*",
        r"(?:i am|i'm|im|is|are|we're|he's|she's|got|was) (?:badly )?(?:hurt|injured)",
        # people who may harm themselves
        r"suicid\w*|kill(?:ing)? my ?self|end(?:ing)? my (?:own )?life|take my (?:own )?life",
        r"want to die|wanna die|(?:don'?t|do not) want to (?:live|be alive)|better off dead",
        r"self[- ]?harm\w*|hurt(?:ing)? myself|harm(?:ing)? myself",
    ),
    "es": (
        r"auxilio|socorro|emergencia|ambulancia|secuestr\w+",
        r"(?:tiene|saca) una? (?:arma|pistola|cuchillo|navaja)|me (?:atacan?|est[aá]n? siguiendo)",
        r"(?:estoy|esta|está|hay) (?:muy )?herid[oa]s?|sangrando|no respira|no puedo respirar",
        r"llam\w+ a la polic[ií]a|suicid\w+|matarme|quiero morir|quitarme la vida",
    ),
    "fr": (
        r"au secours|[àa] l'aide(?! d)|urgence|ambulance|kidnapp\w+|enlèvement|on m'enlève",
        r"(?:a|sort) (?:une arme|un couteau|un pistolet)|me suit|m'attaque|je suis suivie?",
        r"(?:je suis|est|sont) (?:gravement )?bless[ée]e?s?|saigne|ne respire (?:pas|plus)",
        r"appele[zr] la police|suicid\w+|me tuer|veux mourir|en finir avec la vie",
    ),
    "de": (
        r"hilfe ?!|^hilfe(?! (?:mit|bei|beim|zu|zum|zur|für))|zu hilfe|notfall|notarzt",
        r"krankenwagen|rettungswagen|entführ\w*",
        r"hat (?:eine waffe|ein messer|eine pistole)|verfolgt mich|greift (?:mich|uns) an",
        r"(?:bin|ist|sind) (?:schwer )?verletzt|blute[tn]?|atmet nicht|keine luft",
        r"ruf\w* die polizei|umbringen|selbstmord|suizid\w*|will sterben|nicht mehr leben",
    ),
    "pt": (
        r"socorro|emergência|emergencia|ambulância|sequestr\w+",
        r"tem uma (?:arma|faca|pistola)|me (?:seguindo|perseguindo|atacando)|a seguir-me",
        r"(?:estou|está|esta|há) (?:gravemente )?ferid[oa]s?|sangrando|a sangrar|não respira",
        r"cham\w+ a polícia|suic[ií]d\w+|me matar|matar-me|quero morrer",
    ),
    "ru": (
        r"помогите|спасите|скорую|похища\w+|похитил\w*|у него (?:нож|пистолет|оружие)",
        r"меня преследу\w+|на меня напал\w*|ранен\w*|истека\w+ кровью|не дышит",
        r"вызовите полицию|самоубийств\w*|покончить с собой|хочу умереть|убить себя",
    ),
}
# written without spaces or with joined prefixes: looked for anywhere
_PARTS = {
    "ar": ("النجدة", "أنقذ", "ساعدوني", "إسعاف", "اسعاف", "خطف", "سكين", "مسدس", "يتبعني", "ينزف",
           "انتحار", "أقتل نفسي", "أريد أن أموت"),
    "zh": ("救命", "救我", "救护车", "绑架", "有刀", "有枪", "跟踪我", "受伤", "流血",
           "没有呼吸", "自杀", "不想活", "想死"),
    "ja": ("助けて", "救急車", "誘拐", "ナイフ", "拳銃", "つけられて", "襲われ", "けがを",
           "怪我を", "出血", "息をして", "自殺", "死にたい"),
    "ko": ("살려", "구급차", "납치", "칼을", "총을", "따라와", "따라오", "다쳤", "피가",
           "숨을 안", "자살", "죽고 싶"),
}  # fmt: skip
_SOS = re.compile(
    r"(?<!\w)(?:"
    + "|".join(part for lines in _WORDS.values() for part in lines)
    + r")(?!\w)|"
    + "|".join(part for parts in _PARTS.values() for part in parts),
    re.IGNORECASE,
)


def count(text: str) -> int:
    """How many words of the list stand in the text."""
    return len(_SOS.findall(text.replace("’", "'")))

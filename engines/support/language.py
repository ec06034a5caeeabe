"""Which of ten languages a message is in, and what is said in one that nothing is written in yet.

People mix languages, and half of all messages are a few words long: a message counts as English
unless it is clearly something else, since the models read English with foreign words in it.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

ENGLISH = "en"
OWN_NAMES = {
    "en": "English", "es": "español", "fr": "français", "de": "Deutsch", "ar": "العربية",
    "zh": "中文", "ja": "日本語", "ko": "한국어", "pt": "português", "ru": "русский",
}  # fmt: skip
LATIN = frozenset({"en", "es", "fr", "de", "pt"})
"""Written in Latin letters."""
SURE = 0.8
"""Probability from which one word decides."""
DOUBT_IN_ENGLISH = 0.12
"""Probability of English below which three words or more decide."""
_PLACEHOLDER = re.compile(r"\[\w+\]")
_WORD = re.compile(r"[^\W\d_]+")
_LAST_LATIN = 0x024F
# none of them is a word of another of the ten
_ENGLISH_WORDS = frozenset(
    {
        "the", "my", "is", "you", "and", "with", "have", "this", "that", "please", "where", "what",
        "how", "your", "i", "from", "it", "of", "get", "there", "they", "when", "why",
    }
)  # fmt: skip
_NOTICES = {
    "en": "For now I can answer in these languages only: {languages}. I am handing this "
    "conversation to a colleague, with everything you have written. If you are in danger, press "
    "the SOS button in the app or call your local emergency number.",
    "es": "Por ahora solo puedo responder en estos idiomas: {languages}. Paso su conversación a "
    "una persona del equipo, con todo lo que ha escrito. Si está en peligro, pulse el botón SOS "
    "de la aplicación o llame al número de emergencias local.",
    "fr": "Pour l'instant, je ne peux répondre que dans ces langues : {languages}. Je transmets "
    "votre conversation à un collègue, avec tout ce que vous avez écrit. Si vous êtes en danger, "
    "appuyez sur le bouton SOS de l'application ou appelez le numéro d'urgence local.",
    "de": "Zurzeit kann ich nur in diesen Sprachen antworten: {languages}. Ich gebe Ihr Gespräch "
    "mit allem, was Sie geschrieben haben, an einen Menschen weiter. Wenn Sie in Gefahr sind, "
    "drücken Sie den SOS-Knopf in der App oder wählen Sie den örtlichen Notruf.",
    "pt": "Por enquanto só consigo responder nestas línguas: {languages}. Vou passar a sua "
    "conversa a uma pessoa da equipa, com tudo o que escreveu. Se estiver em perigo, prima o "
    "botão SOS na aplicação ou ligue para o número de emergência local.",
    "ru": "Пока я могу отвечать только на этих языках: {languages}. Я передаю ваш разговор "
    "сотруднику со всем, что вы написали. Если вы в опасности, нажмите кнопку SOS в приложении "
    "или позвоните по местному номеру экстренной помощи.",
    "ar": "لا يمكنني الرد حاليًا إلا بهذه اللغات: {languages}. سأحوّل محادثتك إلى أحد الزملاء "
    "مع كل ما كتبته. إذا كنت في خطر فاضغط زر SOS في التطبيق أو اتصل برقم الطوارئ المحلي.",
    "zh": "目前我只能用以下语言回答：{languages}。我会把您的对话连同您写的全部内容转交给人工客服。"
    "如果您有危险，请按应用中的 SOS 按钮或拨打当地紧急电话。",
    "ja": "現在お答えできる言語は次のとおりです：{languages}。"
    "お書きいただいた内容とともに、担当者におつなぎします。危険なときは、アプリの SOS ボタンを"
    "押すか、現地の緊急通報番号に電話してください。",
    "ko": "현재는 다음 언어로만 답변할 수 있습니다: {languages}. 작성하신 내용과 함께 상담원에게 "
    "연결해 드리겠습니다. 위험한 상황이라면 앱의 SOS 버튼을 누르거나 현지 긴급 전화번호로 "
    "전화해 주세요.",
}


def detect(text: str) -> str:
    """Two letters of the language; ``en`` where nothing else is clear."""
    words = [word.lower() for word in _WORD.findall(_PLACEHOLDER.sub(" ", text))]
    if not words or sum(word in _ENGLISH_WORDS for word in words) >= 2:
        return ENGLISH
    found = _detector().compute_language_confidence_values(" ".join(words))
    shares = {v.language.iso_code_639_1.name.lower(): v.value for v in found}
    if not any(map(_foreign_script, words)):
        shares = {code: share for code, share in shares.items() if code in LATIN}
    likeliest = max(shares, key=lambda code: float(shares[code]))
    many = len(words) >= 3
    clear = shares[likeliest] >= SURE or (many and shares[ENGLISH] < DOUBT_IN_ENGLISH)
    return likeliest if clear else ENGLISH


def _foreign_script(word: str) -> bool:
    return any(ord(letter) > _LAST_LATIN for letter in word)


def notice(language: str, known: Iterable[str]) -> str:
    """In the user's language: which languages work, that a person takes over, the SOS button."""
    names = ", ".join(OWN_NAMES[code] for code in sorted(known))
    return _NOTICES.get(language, _NOTICES[ENGLISH]).format(languages=names)


@cache
def _detector() -> Any:
    """Lingua over the ten languages; its models are in the package (160 MB once loaded)."""
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [getattr(IsoCode639_1, code.upper()) for code in OWN_NAMES]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()

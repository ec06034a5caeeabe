"""Words of danger in ten languages, and what only sounds like them."""

import pytest

from engines.support import sos


@pytest.mark.parametrize(
    "text",
    [
        "SOS",
        "i want to kill myself",
        "I want to end my life",
        "I don’t want to live anymore",
        "I am suicidal",
        "where is my driver, i am hurt and bleeding",
        "he has a knife",
        "my friend can't breathe",
        "ayuda, me estan secuestrando",
        "el conductor tiene un cuchillo",
        "au secours",
        "il a un couteau et il me suit",
        "hilfe er hat eine waffe",
        "ich will mich umbringen",
        "socorro, ele tem uma faca",
        "помогите, у него нож",
        "النجدة السائق معه سكين",
        "救命,司机有刀",
        "助けて、運転手がナイフを持っている",
        "살려주세요 운전자가 칼을 들고 있어요",
    ],
)
def test_danger_is_heard_in_every_language(text):
    assert sos.count(text) > 0


@pytest.mark.parametrize(
    "text",
    [
        "where is my driver",
        "how does the SOS button work",
        "edit my emergency contact",
        "me siguen llegando correos",
        "my feelings about this app are mixed",
        "how do i delete my account",
        "the driver was following the map",
        "the price is killing me",
        "i could die of hunger, where is my food",
        "dónde está mi conductor",
        "ayuda, me cobraron dos veces",
        "ich brauche hilfe mit meiner rechnung",
        "je paie à l'aide de l'application",
        "où est mon chauffeur",
        "wo ist mein fahrer",
        "cadê meu motorista",
        "где мой водитель",
        "我的司机在哪里",
        "ドライバーはどこですか",
        "기사님이 어디 계세요",
    ],
)
def test_everyday_messages_raise_no_alarm(text):
    assert sos.count(text) == 0

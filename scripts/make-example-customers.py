#!/usr/bin/env python3
"""Writes examples/customers.csv: 60 invented customers as a sales team's spreadsheet exports them (UTF-8 with BOM, CRLF).

Every value follows from its row number, so each run writes the same bytes. Identifiers pass their checks: resident ids end in
their check character, card numbers pass Luhn, mobiles have their shape. No resident id belongs to anybody: real ones name a
county in digits three to six, these have 0000 there.

Three rows are wrong on purpose, one cell looks like a spreadsheet formula, one is quoted and holds a line break.

usage: make-example-customers.py [FILE] [--check]     --check writes nothing and fails if FILE differs
"""

import csv
import hashlib
import io
import pathlib
import sys
from datetime import date, timedelta

ROWS = 60
HEADER = "客户编号 姓名 手机号 身份证号 邮箱 银行卡号 省份 地址 公司 职业 客户阶段 来源 负责人邮箱 生日 短信营销同意 备注".split()

# Row number (1 to 60) to column and the wrong cell.
WRONG = {12: ("手机号", "12345"), 28: ("身份证号", None), 44: ("生日", "1990-02-31")}
NOTES = {
    20: '=HYPERLINK("https://example.com","点我")',
    36: '他说："下周再联系"，\n换行也要保留',
}

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"
GIVEN = "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀英 桂兰 建国 志强 小红 文博 雨欣 子轩".split()
# Province, the two digits that its resident ids begin with, a city and a district of it.
PLACES = [
    ("北京市", "11", "", "海淀区"), ("上海市", "31", "", "浦东新区"), ("江苏省", "32", "南京市", "鼓楼区"),
    ("浙江省", "33", "杭州市", "西湖区"), ("湖北省", "42", "武汉市", "武昌区"), ("广东省", "44", "广州市", "天河区"),
    ("四川省", "51", "成都市", "锦江区"), ("陕西省", "61", "西安市", "雁塔区"),
]
ROADS = "人民路 中山路 解放路 建设路 和平路 文化路 滨江路 学院路".split()
COMPANIES = "示例信息 样本网络 范例传媒 演示科技 虚构电子".split()
JOBS = "会计 教师 工程师 销售经理 店长 设计师 护士 司机 采购员 项目经理".split()
STAGES = "lead prospect qualified customer dormant".split()
SOURCES = "web_form referral phone_in live_chat social_media event".split()
OWNERS = ["sales.a@demo.example", "sales.b@demo.example"]
DOMAINS = ["example.com", "example.org", "example.net"]


def draw(row, what, below):
    """A number from 0 up to `below`, always the same for a row and a name."""
    digest = hashlib.sha256(f"{row}/{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % below


def pick(row, what, choices):
    return choices[draw(row, what, len(choices))]


def resident_id(row, province, birth):
    body = f"{province}0000{birth:%Y%m%d}{draw(row, 'sequence', 1000):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11]


def bank_card(row):
    body = f"620000{draw(row, 'card', 10**9):09d}"
    doubled = (int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(body)))
    return body + str(-sum(n // 10 + n % 10 for n in doubled) % 10)


def customer(row):
    province, code, city, district = pick(row, "place", PLACES)
    birth = date(1950, 1, 1) + timedelta(days=draw(row, "birth", 55 * 365))
    identity = resident_id(row, code, birth)
    road, number = pick(row, "road", ROADS), draw(row, "number", 300) + 1
    cells = {
        "客户编号": f"E{row:06d}",
        "姓名": pick(row, "surname", SURNAMES) + pick(row, "given", GIVEN),
        "手机号": f"16{draw(row, 'mobile', 10**9):09d}",
        "身份证号": identity,
        "邮箱": f"customer{row:02d}@{pick(row, 'domain', DOMAINS)}",
        "银行卡号": bank_card(row),
        "省份": province,
        "地址": f"{province}{city}{district}{road}{number}号",
        "公司": f"{pick(row, 'company', COMPANIES)}有限公司",
        "职业": pick(row, "job", JOBS),
        "客户阶段": pick(row, "stage", STAGES),
        "来源": pick(row, "source", SOURCES),
        "负责人邮箱": pick(row, "owner", OWNERS),
        "生日": birth.isoformat(),
        "短信营销同意": pick(row, "sms", ["是", "否", ""]),
        "备注": NOTES.get(row, pick(row, "note", ["", "", "希望周末联系。", "老客户介绍。"])),
    }
    column, wrong = WRONG.get(row, (None, None))
    if column:
        # The wrong resident id has every digit right but the last.
        cells[column] = wrong or identity[:-1] + ("0" if identity[-1] != "0" else "1")
    return cells


def document():
    text = io.StringIO(newline="")
    out = csv.DictWriter(text, HEADER, lineterminator="\r\n")
    out.writeheader()
    out.writerows(customer(row) for row in range(1, ROWS + 1))
    return text.getvalue().encode("utf-8-sig")


def main(arguments):
    check = "--check" in arguments
    named = [a for a in arguments if a != "--check"]
    default = pathlib.Path(__file__).resolve().parent.parent / "examples" / "customers.csv"
    path = pathlib.Path(named[0]) if named else default
    if not check:
        path.write_bytes(document())
    elif not path.is_file() or path.read_bytes() != document():
        sys.exit(f"{path} is not what {pathlib.Path(__file__).name} writes; run it and commit the file.")


if __name__ == "__main__":
    main(sys.argv[1:])

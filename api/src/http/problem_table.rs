//! Every problem code with its status, its title and its detail, in both languages. `{}` takes the argument.

use super::locale::Text;

/// One kind of problem: what `type`, `code`, `status` and `title` say.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Stable, `snake_case`; never changes with the language.
    pub code: &'static str,
    /// The HTTP status it is answered with.
    pub status: u16,
    /// A few words.
    pub title: Text,
    /// One or two sentences for the caller's developer.
    pub detail: Text,
}

macro_rules! problems {
    ($($status:literal $code:literal: $title_en:literal / $title_zh:literal, $en:literal / $zh:literal;)*) => {
        /// The table, in order of status.
        pub static KINDS: &[Kind] = &[$(Kind {
            code: $code,
            status: $status,
            title: Text { en: $title_en, zh: $title_zh },
            detail: Text { en: $en, zh: $zh },
        }),*];
    };
}

#[rustfmt::skip]
problems! {
    400 "bad_request": "Bad request" / "请求错误", "The request cannot be understood." / "无法理解该请求。";
    400 "two_credentials": "Two credentials" / "凭据重复", "Send either one Authorization header or one X-API-Key header." / "只能发送一个 Authorization 或一个 X-API-Key 请求头。";
    400 "invalid_cursor": "Invalid cursor" / "游标无效", "The cursor was changed or belongs to another query; start again without it." / "游标已被改动或属于其他查询，请去掉游标重新查询。";
    400 "invalid_query": "Invalid query" / "查询参数无效", "At least one query parameter is malformed; see errors." / "至少一个查询参数格式错误，详见 errors。";
    400 "unknown_parameter": "Unknown parameter" / "未知参数", "At least one query parameter is not known here; see errors." / "存在此接口不支持的查询参数，详见 errors。";
    400 "place_out_of_range": "Outside the log" / "超出日志范围", "from and to are places or sizes in order, and to is no greater than the log is long." / "from 与 to 须为按顺序的位置或大小，且 to 不得超过日志长度。";
    400 "invalid_id": "Invalid id" / "标识无效", "The id is not a UUID." / "标识不是有效的 UUID。";
    400 "invalid_purpose": "Invalid purpose" / "处理目的无效", "Processing-Purpose takes one purpose code: a-z, 0-9, '_', '.', '-', at most 64 characters." / "Processing-Purpose 只接受一个处理目的代码：a-z、0-9、“_”“.”“-”，最长 64 个字符。";
    400 "malformed_json": "Malformed JSON" / "JSON 格式错误", "The body is not valid JSON: {}." / "请求体不是有效的 JSON：{}。";
    400 "malformed_multipart": "Malformed multipart body" / "multipart 格式错误", "The body is not valid multipart/form-data." / "请求体不是有效的 multipart/form-data。";
    400 "duplicate_key": "Duplicate key" / "键重复", "A JSON object names the same key twice: {}." / "JSON 对象中有重复的键：{}。";
    400 "too_deep": "Nested too deeply" / "嵌套过深", "JSON may nest at most {} levels." / "JSON 最多嵌套 {} 层。";
    400 "idempotency_key_invalid": "Invalid Idempotency-Key" / "Idempotency-Key 无效", "Idempotency-Key takes 1 to 255 printable ASCII characters." / "Idempotency-Key 须为 1 至 255 个可打印 ASCII 字符。";
    400 "not_searchable": "Not searchable" / "不可检索", "At least one field cannot be searched in this way." / "存在不支持此检索方式的字段。";
    400 "count_not_available": "Count not available" / "无法提供总数", "A search over the scopes of several roles has no total; leave out count." / "跨多个角色数据范围的检索无法提供总数，请去掉 count。";
    400 "sso_state_invalid": "Log-in cannot be continued" / "无法继续登录", "This log-in is unknown, finished, too old or was begun in another browser; begin again." / "该登录不存在、已完成、已过期或在其他浏览器中发起，请重新开始。";
    400 "unknown_event": "Unknown event" / "未知事件", "The event that the list is to go on from is not known, or too old; begin again without it." / "用于继续的事件不存在或已过期，请去掉该参数重新开始。";
    401 "unauthenticated": "Authentication required" / "需要身份认证", "Send an access token (Authorization: Bearer) or a partner key (X-API-Key)." / "请发送访问令牌（Authorization: Bearer）或合作方密钥（X-API-Key）。";
    401 "invalid_token": "Invalid token" / "令牌无效", "The token is malformed, expired or not ours." / "令牌格式错误、已过期或不是由本系统签发。";
    401 "session_ended": "Session ended" / "会话已结束", "The session has ended; log in again." / "会话已结束，请重新登录。";
    401 "invalid_api_key": "Invalid API key" / "密钥无效", "The key is unknown, expired or revoked." / "密钥不存在、已过期或已吊销。";
    401 "invalid_credentials": "Invalid credentials" / "账号或密码错误", "The e-mail address or the password is wrong." / "邮箱或密码错误。";
    401 "token_reused": "Refresh token used again" / "刷新令牌被重复使用", "This refresh token was used before, so the whole session has ended." / "该刷新令牌已被使用过，整个会话已终止。";
    401 "mfa_required": "Second factor required" / "需要第二因素验证", "Show the second factor first." / "请先完成第二因素验证。";
    401 "invalid_ticket": "Invalid ticket" / "票据无效", "The ticket is not ours, was not used in time, or belongs to another place; get another one." / "票据不是由本系统签发、未及时使用或来自其他地址，请重新获取。";
    401 "invalid_code": "Invalid code" / "验证码错误", "The code is wrong, expired or was used before." / "验证码错误、已过期或已被使用过。";
    401 "sso_refused": "Single sign-on refused" / "单点登录被拒绝", "The answer of the sign-on provider cannot be accepted." / "无法接受单点登录提供方的应答。";
    401 "sso_no_account": "No account" / "没有对应账号", "No active account belongs to this person of the sign-on provider." / "单点登录提供方的此用户没有对应的有效账号。";
    403 "forbidden": "Forbidden" / "没有权限", "This needs the permission {}." / "此操作需要权限 {}。";
    403 "collaborator_only": "Shared with you" / "仅为共享", "The customer was shared with you; its owner, or who manages the department, shares it further." / "该客户是共享给您的，只有负责人或部门管理者可以继续共享。";
    403 "origin_not_allowed": "Page not allowed" / "页面来源不允许", "This form is not for pages of this origin." / "该表单不允许此来源的页面使用。";
    403 "invalid_form_token": "Invalid form token" / "表单令牌无效", "The token is not ours, of another form, or too old; load the page again." / "表单令牌不是由本系统签发、属于其他表单或已过期，请重新加载页面。";
    403 "form_too_fast": "Too fast" / "提交过快", "Nobody fills this form in so fast; wait a moment and send it again." / "填写速度过快，请稍候再提交。";
    403 "invalid_proof": "Proof missing" / "工作量证明无效", "SHA-256(challenge \":\" proof) must begin with proof_bits zero bits." / "SHA-256(challenge \":\" proof) 须以 proof_bits 个零比特开头。";
    403 "invalid_signature": "Invalid signature" / "签名无效", "The signature is about something else, too old, or by nobody who was given a secret." / "签名内容不符、已过期，或并非由持有密钥者签署。";
    403 "account_suspended": "Account suspended" / "账号已停用", "The account is suspended." / "该账号已被停用。";
    403 "purpose_required": "Purpose required" / "必须说明处理目的", "This credential is bound to purposes: name one in Processing-Purpose." / "该凭据绑定了处理目的，请在 Processing-Purpose 中指明。";
    403 "purpose_not_allowed": "Purpose not allowed" / "处理目的不被允许", "This credential is not bound to the purpose named." / "该凭据未绑定所指明的处理目的。";
    403 "no_consent": "No consent" / "未取得同意", "The purpose needs this person's consent, and none is in force; nothing of the person is shown." / "该处理目的须取得本人同意，而现无有效同意，因此不提供任何信息。";
    403 "objected": "The person objects" / "本人已反对", "The person objected to this purpose; nothing of the person is shown for it." / "本人已反对该处理目的，因此不为此目的提供任何信息。";
    403 "invalid_link": "Invalid link" / "链接无效", "The link is malformed, too old or not ours." / "链接格式错误、已过期或不是由本系统签发。";
    403 "invalid_portal": "Invalid portal" / "门户密钥无效", "The key of the page is malformed or not ours; see GET /v1/self-service/portal." / "门户密钥格式错误或不是由本系统签发，参见 GET /v1/self-service/portal。";
    403 "withdrawal_unacknowledged": "Withdrawal unacknowledged" / "撤回尚未确认", "A withdrawal of consent to this purpose waits for this partner's acknowledgement past its time; see GET /v1/withdrawals." / "该处理目的有撤回同意逾期未获此合作方确认，参见 GET /v1/withdrawals。";
    403 "partner_only": "Partners only" / "仅限合作方", "Only a partner's key may do this." / "仅合作方密钥可执行此操作。";
    403 "unknown_purpose": "Unknown purpose" / "处理目的不存在", "No purpose has this code." / "不存在此代码的处理目的。";
    403 "own_policy": "Own policy" / "不得自行启用", "Somebody else puts in force what one has made." / "本人制定的策略须由他人启用。";
    403 "field_not_editable": "Field not editable" / "字段不可修改", "At least one field may not be changed by this caller; see errors." / "存在当前调用者不可修改的字段，详见 errors。";
    403 "field_hidden": "Field not visible" / "字段不可见", "At least one field is not open to this caller." / "存在对当前调用者不可见的字段。";
    403 "field_not_revealable": "Field not revealable" / "字段不可明文查看", "At least one field may not be revealed to this caller." / "存在当前调用者不可明文查看的字段。";
    403 "ip_not_allowed": "Address not allowed" / "来源地址不被允许", "This key may not be used from this network address." / "该密钥不允许从此网络地址使用。";
    403 "reveal_budget_exhausted": "Reveal budget used up" / "明文查看额度已用完", "Today's budget for revealing fields is used up; ask for more by an access request." / "今日明文查看额度已用完，可通过访问申请提高额度。";
    403 "own_request": "One's own request" / "本人的申请", "Nobody decides about their own request, nor does who stands in for them." / "不得审批本人的申请，代理人亦不得代为审批。";
    403 "not_the_approver": "Not asked" / "并非审批人", "The present step of this request is for somebody else to decide." / "该申请的当前步骤由他人审批。";
    403 "emergency_shut": "Review overdue" / "复核逾期", "An emergency of this person waits for a review that is overdue; until it is closed, nothing more is opened in this way." / "该用户此前的紧急访问尚未在期限内完成复核，复核完成前不得再次使用紧急访问。";
    403 "own_line": "One's own line" / "本人的条目", "Nobody answers a line about themselves or a key that they made." / "不得答复涉及本人或本人所建密钥的条目。";
    403 "not_the_reviewer": "Not asked" / "并非审阅人", "This line is asked of somebody else." / "该条目由他人审阅。";
    403 "search_budget_exhausted": "Search budget used up" / "检索额度已用完", "Today's budget for searches by last digits is used up; search by the whole value, or ask for more by an access request." / "今日末四位检索额度已用完，请按完整值检索或通过访问申请提高额度。";
    403 "exceeds_own_rights": "More than one holds" / "超出自身权限", "Nobody hands out more than they hold; errors lists what is missing." / "不得授予超出自身持有的权限，详见 errors。";
    403 "role_built_in": "Built-in role" / "内置角色", "Built-in roles are fixed; make one of your own." / "内置角色不可修改，请新建自定义角色。";
    403 "outside_scope": "Outside the scope" / "超出数据范围", "The caller's data scope does not reach there." / "超出当前调用者的数据范围。";
    403 "step_up_required": "Fresh proof required" / "需要重新验证身份", "Prove again who you are by POST /v1/auth/step-up; it counts for five minutes." / "请通过 POST /v1/auth/step-up 重新验证身份，有效期五分钟。";
    403 "mfa_enrolment_required": "Second factor must be enrolled" / "必须启用第二因素", "A role of this account needs a second factor: enrol one by POST /v1/me/mfa/totp." / "该账号的角色要求第二因素，请通过 POST /v1/me/mfa/totp 启用。";
    403 "token_maker_inactive": "Maker of the token inactive" / "令牌创建者已停用", "Roles are given as by the person who made the token, and that person may no longer act; make another token." / "角色以令牌创建者的名义授予，而该创建者已停用，请重新创建令牌。";
    403 "staff_only": "Staff only" / "仅限员工", "Only a member of staff may do this, not a partner key." / "仅限员工操作，合作方密钥不可用。";
    403 "wrong_password": "Wrong password" / "密码错误", "The present password is another one." / "当前密码不正确。";
    403 "own_account": "Own account" / "本人账号", "Nobody changes the place, the roles or the state of their own account." / "不得变更本人账号的部门、角色或状态。";
    404 "not_found": "Not found" / "未找到", "There is no such thing here, or it is not open to this caller." / "资源不存在，或对当前调用者不可见。";
    405 "method_not_allowed": "Method not allowed" / "方法不被允许", "This path does not take this method; Allow lists those it takes." / "该路径不支持此方法，Allow 响应头列出所支持的方法。";
    406 "not_acceptable": "Not acceptable" / "无法提供所要求的格式", "None of the media types in Accept is available." / "无法提供 Accept 中的任何媒体类型。";
    408 "request_timeout": "Request timed out" / "请求超时", "The request did not arrive in time." / "请求未能及时送达。";
    409 "conflict": "Conflict" / "冲突", "The state of the thing does not allow this now." / "资源当前状态不允许此操作。";
    409 "form_retired": "Form retired" / "表单已停用", "The form is out of use for good." / "该表单已永久停用。";
    409 "form_outdated": "Form outdated" / "表单已过时", "What this form tells of is told otherwise by now; its owner has to publish it anew." / "该表单所依据的告知内容已变更，须由其负责人重新发布。";
    409 "segment_unusable": "Filter cannot be used" / "筛选条件不可用", "A field that this saved filter looks at is gone or guarded more closely by now; change the filter." / "该已保存筛选条件所用的字段已停用或提高了保护级别，请修改筛选条件。";
    409 "no_tier_rule": "No tier rule" / "没有等级规则", "This segment says nothing of a tier." / "该客户分群未设等级规则。";
    409 "too_many_saved": "Too many saved filters" / "已保存的筛选条件过多", "There is room for no more of them; delete one." / "数量已达上限，请先删除一个。";
    409 "duplicate_value": "Duplicate value" / "值重复", "A value that must be unique is taken." / "要求唯一的值已被占用。";
    409 "customer_archived": "Customer in the archive" / "客户已归档", "The customer lies in the archive already." / "该客户已归档。";
    409 "customer_not_archived": "Customer not in the archive" / "客户未归档", "The customer does not lie in the archive." / "该客户未归档。";
    409 "customer_deleted": "Customer deleted" / "客户已删除", "The customer was deleted: what is held is kept unchanged until it is erased, and used for nothing more." / "该客户已删除：所保存的信息在清除前保持不变，不再用于任何用途。";
    409 "too_many_attachments": "Too many attachments" / "附件过多", "A customer may have at most 200 attachments." / "每个客户最多 200 个附件。";
    409 "no_room_for_attachments": "No room for attachments" / "附件空间不足", "The attachments of the customer, or of the organisation, would take more room than they may." / "该客户或本机构的附件将超出空间上限。";
    409 "attachment_held": "Attachment held back" / "附件待扫描", "Nobody takes the file away before a scanner has looked through it; try again later." / "文件通过安全扫描前不可下载，请稍后重试。";
    409 "customer_restricted": "Processing restricted" / "处理受限制", "The person has had processing restricted; nothing is made of their data until that ends." / "当事人已要求限制处理，限制解除前不得进行此操作。";
    409 "erasure_pending": "Erasure pending" / "删除待执行", "One of the two waits to be erased." / "其中一个客户正等待删除。";
    409 "merge_undone": "Merge undone" / "合并已撤销", "The merge was undone before." / "该合并此前已撤销。";
    409 "merge_final": "Merge final" / "合并不可撤销", "The time in which the merge could be undone is over, or the customer was merged further." / "合并的可撤销期限已过，或该客户已被进一步合并。";
    409 "too_many_tags": "Too many tags" / "标签过多", "An organisation may have at most 1,000 tags." / "一个组织最多可有 1,000 个标签。";
    409 "idempotency_in_progress": "Still running" / "仍在处理", "A request with this Idempotency-Key is still running; ask again shortly." / "使用该 Idempotency-Key 的请求仍在处理，请稍后重试。";
    409 "idempotency_result_withheld": "Stored answer withheld" / "已存结果不再提供", "The request was carried out, but the caller's rights have changed since; the stored answer is not shown." / "该请求已执行，但调用者权限已变更，不再提供已存的结果。";
    409 "separation_of_duties": "Duties kept apart" / "职责分离", "Two duties would meet in one person that are kept apart; errors names them." / "两项须相互分离的职责将由同一人承担，详见 errors。";
    409 "already_decided": "Already decided" / "已有结果", "The request has been decided, has ended, or this person has decided about it." / "该申请已有结果、已结束，或当前用户已审批过。";
    409 "no_approver": "Nobody to decide" / "无人可审批", "Nobody could decide this request; ask who manages approval policies." / "没有可以审批该申请的人员，请联系审批策略管理员。";
    409 "too_many_pending": "Too many requests wait" / "待审批申请过多", "So many of one's own requests wait that no further one is taken; take some back." / "本人待审批的申请过多，请先撤回部分申请。";
    409 "grant_ended": "Grant has ended" / "授权已结束", "The grant has ended already." / "该授权已经结束。";
    409 "already_delegated": "Somebody stands in already" / "已指定代理人", "Somebody stands in during that time already; end that first." / "该时段已指定代理人，请先结束原代理。";
    409 "review_closed": "Review closed" / "审阅已结束", "The access review has ended." / "该访问审阅已结束。";
    409 "already_answered": "Already answered" / "已答复", "The line was answered before." / "该条目已答复。";
    409 "role_in_use": "Role in use" / "角色使用中", "Somebody still holds the role; take it from everybody first." / "仍有人持有该角色，请先全部收回。";
    409 "already_revoked": "Already revoked" / "已吊销", "The key was revoked before." / "该密钥此前已被吊销。";
    409 "wrong_state": "Wrong state" / "状态不符", "The account is not in a state that allows this." / "账号当前状态不允许此操作。";
    409 "account_offboarded": "Account offboarded" / "账号已离职", "The person has left; the account cannot be changed any more." / "该人员已离职，账号不可再变更。";
    409 "last_administrator": "Last administrator" / "最后一名管理员", "This is the last active administrator; name another one first." / "这是最后一名在职管理员，请先指定其他管理员。";
    409 "mail_not_configured": "Mail not set up" / "未配置邮件", "No mail server is set up, so no letter can go; set smtp_url and mail_from." / "未配置邮件服务器，无法发送邮件，请设置 smtp_url 与 mail_from。";
    409 "department_not_empty": "Department not empty" / "部门不为空", "Departments, people or customers are still in it; move them first." / "该部门下仍有部门、人员或客户，请先移出。";
    409 "too_many_departments": "Too many departments" / "部门过多", "The organisation has as many departments as it can have." / "部门数量已达上限。";
    409 "mfa_already_enrolled": "Second factor already enrolled" / "第二因素已启用", "There is a second factor already; remove it first." / "第二因素已启用，请先移除。";
    409 "not_yet_placed": "Not yet in the log" / "尚未进入日志树", "The entry, or the log, has no place in a signed checkpoint yet; ask again in a second." / "该条目或日志尚未进入已签名的检查点，请一秒后重试。";
    409 "no_successor": "No successor" / "没有接任者", "Nobody who is active could take over: the person has no supervisor, and the maker of the token may no longer act." / "没有可接任的有效账号：该人员没有主管，且令牌创建者已停用。";
    409 "job_not_finished": "Job not finished" / "任务未完成", "The job has not finished yet." / "任务尚未完成。";
    409 "export_not_ready": "Export not ready" / "导出尚未就绪", "The export waits for approval, or is being prepared; somebody in it may have to be left out now." / "导出尚待审批或正在生成；也可能正在移除不应再包含的人员。";
    409 "draft_exists": "Draft exists" / "草稿已存在", "The notice has a draft already: change or publish it." / "该告知文本已有草稿，请修改或发布。";
    409 "notice_published": "Published" / "已发布", "What was published stays as it is; draft the next version." / "已发布的文本不可更改，请起草新版本。";
    409 "notice_not_published": "Not in force" / "尚未生效", "Only the version in force can be shown." / "只能出示现行有效的版本。";
    409 "asked_too_soon": "Asked too soon" / "过早再次征求", "The person refused; nobody is asked again before the purpose's cool-down has passed." / "本人已拒绝，在冷却期届满前不得再次征求同意。";
    409 "asked_after_opt_out": "Asked after an opt-out" / "退出后再次征求", "The person opted out of selling and sharing; nobody is asked again for twelve months, unless they come forward (`unasked`)." / "本人已选择退出出售或共享，十二个月内不得再次征求同意，本人主动提出（`unasked`）的除外。";
    409 "data_lacks_field": "Stored data lacks the field" / "现有数据缺少该字段", "The field cannot be required while stored records lack it; errors tells how many." / "现有记录缺少该字段，不能设为必填，数量见 errors。";
    409 "field_retired": "Field retired" / "字段已停用", "The field has been retired." / "该字段已停用。";
    409 "field_needed": "Field needed" / "字段不可停用", "The service itself needs this field." / "服务本身需要该字段。";
    409 "field_is_building": "Field being built" / "字段索引建立中", "A job is still bringing stored values in line with the last change; see /v1/jobs." / "任务仍在按上次变更处理现有数据，请查看 /v1/jobs。";
    409 "import_running": "Import running" / "导入进行中", "The import has not ended yet." / "导入尚未结束。";
    409 "nothing_to_undo": "Nothing to undo" / "无可撤销内容", "The import changed nothing." / "该导入未产生任何更改。";
    409 "undo_too_late": "Too late to undo" / "已过撤销期限", "An import can be undone within seven days." / "导入仅可在七天内撤销。";
    409 "already_undone": "Already undone" / "已撤销", "The import was undone before, or is being undone." / "该导入已撤销或正在撤销。";
    409 "record_type_retired": "Record type retired" / "记录类型已停用", "The record type has been retired; its records can be read and deleted." / "该记录类型已停用，其记录仅可查看和删除。";
    409 "record_type_built_in": "Built-in record type" / "内置记录类型", "A built-in record type can be named anew and not retired." / "内置记录类型可以改名，不能停用。";
    409 "too_many_record_types": "Too many record types" / "记录类型过多", "The organisation has as many record types as it can have." / "记录类型数量已达上限。";
    409 "too_many_fields": "Too many fields" / "字段过多", "The record type has as many fields as it can have." / "该记录类型的字段数量已达上限。";
    409 "purpose_retired": "Purpose retired" / "处理目的已停用", "The purpose has been retired." / "该处理目的已停用。";
    409 "request_closed": "Request closed" / "请求已结束", "The request has been answered or taken back." / "该请求已答复或已撤回。";
    409 "duplicate_request": "Another request stands" / "存在同一请求", "This request repeats another open one of the same person (duplicate_of); answer that." / "该请求与同一人的另一未结请求（duplicate_of）重复，请处理后者。";
    409 "not_in_progress": "Not in progress" / "尚未进入处理", "It is not known yet who asks; prove that first." / "尚未确认请求人身份，请先完成身份验证。";
    409 "already_verified": "Already proved" / "身份已确认", "It was proved before who asks." / "请求人身份此前已确认。";
    409 "no_verification": "No proof needed" / "无需验证身份", "The law asks for no proof of identity for this right." / "法律不要求对该项权利验证身份。";
    409 "code_not_accepted": "Code not accepted" / "验证码不被接受", "The code is wrong, too old, used, or was tried too often; send another one." / "验证码错误、已过期、已使用或尝试次数过多，请重新发送。";
    409 "arranged_otherwise": "Arranged otherwise" / "本人另有安排", "The person arranged otherwise for the time after their death." / "该个人生前另有安排。";
    409 "not_a_minor": "Not a minor" / "并非未成年人", "The person is of age and has no guardian who could ask." / "该个人已成年，监护人不得代为提出请求。";
    409 "no_extension": "No extension" / "不得延期", "The law gives no more time for this." / "法律不允许延长该请求的处理期限。";
    409 "already_extended": "Already extended" / "已延期", "The time was extended before; it is extended once." / "该请求已延期，期限只能延长一次。";
    409 "erasure_not_recorded": "No erasure on record" / "未记录删除", "A request for erasure is done when an erasure of the person is recorded, and none is." / "尚无该个人的删除记录，删除请求不能标记为完成。";
    409 "consents_in_force": "Consents in force" / "同意仍有效", "The person's consent to what was to be withdrawn is still in force; withdraw it first." / "须撤回的同意仍然有效，请先撤回。";
    409 "too_many_webhooks": "Too many webhooks" / "Webhook 数量过多", "An organisation has 50 webhooks at most." / "每个组织最多 50 个 Webhook。";
    409 "too_many_partners": "Too many partners" / "合作方数量过多", "An organisation has 200 partners that pass requests on at most." / "每个组织最多 200 个转递请求的合作方。";
    409 "agent_makes_token": "The agent makes its token" / "令牌由代理方自行获取", "An agent of the Data Rights Protocol makes its own token, by a signed message." / "数据权利协议的代理方以签名消息自行获取令牌。";
    409 "webhook_disabled": "Webhook switched off" / "Webhook 已停用", "The webhook is told nothing; switch it on first." / "该 Webhook 已停用，请先启用。";
    409 "legal_hold": "Legal hold" / "法律保全中", "A duty to keep stands against it; errors names the legal holds." / "存在法律保全要求，不得清除；errors 列出相应的法律保全。";
    409 "certificate_pending": "No certificate yet" / "尚无证明", "The erasure has not ended, or a copy was found: see its findings." / "清除尚未完成，或仍发现副本，详见其 findings。";
    409 "preview_outdated": "Preview outdated" / "预览已过期", "Another number of people is due by now; preview again." / "到期人数已变化，请重新预览。";
    409 "wrong_batch_state": "Wrong state" / "状态不符", "The erasure of many was decided already." / "该批量删除已有决定。";
    409 "wrong_policy_state": "Wrong state" / "状态不符", "The policy is not in a state that allows this." / "该保存期限策略当前状态不允许此操作。";
    409 "clock_not_stopped": "No word is waited for" / "无需确认时钟", "The clock went on steadily; nobody's word is waited for." / "时钟运行正常，无需人工确认。";
    409 "alert_closed": "Alarm is closed" / "警报已关闭", "Somebody looked into this alarm before." / "该警报此前已有人处理并关闭。";
    409 "hold_released": "Hold was released" / "保全已解除", "The legal hold was released before." / "该法律保全此前已解除。";
    409 "not_restricted": "Not restricted" / "未处于限制状态", "No restriction of this request is in force." / "该请求没有生效中的限制。";
    409 "lifting_not_announced": "Not announced" / "尚未告知", "The person is told before a restriction is lifted; see announce-lifting." / "解除限制前须先告知本人，参见 announce-lifting。";
    409 "no_package": "No package" / "没有数据包", "Only a completed request of right access or portability has a package." / "仅已完成的查阅或转移请求提供数据包。";
    410 "package_fetched": "Package fetched before" / "数据包已被下载", "A package is handed over once; ask anew for another one." / "数据包只能下载一次，请重新提出请求。";
    410 "package_expired": "Package expired" / "数据包已过期", "A package can be fetched within seven days; ask anew for another one." / "数据包须在七天内下载，请重新提出请求。";
    410 "gone": "Gone" / "已不存在", "The thing existed and is no more." / "资源曾经存在，现已不存在。";
    410 "erased": "Erased" / "已清除", "The data was erased for good." / "数据已被永久清除。";
    412 "precondition_failed": "Changed meanwhile" / "资源已被修改", "The thing has changed since this ETag; read it again." / "资源自该 ETag 之后已被修改，请重新读取。";
    413 "body_too_large": "Body too large" / "请求体过大", "The body may have at most {} bytes." / "请求体最多 {} 字节。";
    414 "uri_too_long": "URI too long" / "URI 过长", "The address of the request is too long." / "请求地址过长。";
    415 "unsupported_media_type": "Unsupported media type" / "不支持的媒体类型", "Send {} in UTF-8." / "请使用 UTF-8 编码的 {}。";
    415 "unsupported_content_encoding": "Unsupported content encoding" / "不支持的内容编码", "Send the body without compression." / "请求体不得压缩。";
    422 "file_type_not_allowed": "Type of file not taken" / "不接受此类文件", "Files of this kind are not taken in; what counts is what a file is, not its name." / "不接受此类文件；以文件实际内容而非名称为准。";
    422 "file_infected": "File refused by the scanner" / "文件未通过安全扫描", "The scanner found something in the file." / "安全扫描在文件中发现问题。";
    422 "file_unscannable": "File cannot be scanned" / "文件无法扫描", "The scanner does not look through such a file, and nothing is taken in that nobody has looked through." / "安全扫描无法检查该文件，未经检查的文件不予接收。";
    422 "file_too_large": "File too large" / "文件过大", "The file is larger than what is taken in." / "文件超过大小上限。";
    422 "unknown_field": "Unknown field" / "未知字段", "The body has members that are not known here; errors lists them." / "请求体包含未知的成员，errors 列出了这些成员。";
    422 "invalid_body": "Invalid body" / "请求体无效", "The body has at least one fault; errors lists every one of them." / "请求体存在错误，errors 列出了全部错误。";
    422 "idempotency_key_reused": "Idempotency-Key reused" / "Idempotency-Key 被重用", "This Idempotency-Key was used for another request." / "该 Idempotency-Key 已用于另一个请求。";
    422 "calendar_missing": "Calendar missing" / "缺少工作日历", "The last day cannot be told: no calendar of that year is known; give it by POST /v1/privacy-requests/calendars." / "无法计算截止日期：缺少该年份的工作日历，请通过 POST /v1/privacy-requests/calendars 提供。";
    422 "window_closed": "Too late to extend" / "已过延期时限", "More time can be taken only before the first last day is over." / "只能在原截止日期届满之前延期。";
    428 "precondition_required": "If-Match required" / "需要 If-Match", "Send If-Match with the ETag of what is to be changed." / "请在 If-Match 中发送要修改资源的 ETag。";
    429 "rate_limited": "Too many requests" / "请求过多", "The limit of requests per minute is used up; Retry-After says when to go on." / "每分钟请求数已达上限，请按 Retry-After 重试。";
    429 "too_many_submissions": "Too many submissions" / "提交次数过多", "Too many forms were sent from here within the hour; see Retry-After." / "一小时内提交次数过多，请参见 Retry-After。";
    429 "quota_exhausted": "Quota used up" / "调用额度已用完", "The key has made all the calls of its day; Retry-After says when the next day begins." / "该密钥今日调用额度已用完，请按 Retry-After 在次日重试。";
    429 "too_many_attempts": "Too many attempts" / "尝试次数过多", "Too many failed attempts; Retry-After says when to try again." / "失败次数过多，请按 Retry-After 重试。";
    429 "too_many_streams": "Too many streams" / "事件流过多", "The caller has as many streams open as it may; close one first." / "当前调用者打开的事件流已达上限，请先关闭其一。";
    431 "headers_too_large": "Headers too large" / "请求头过大", "The headers of the request are too large." / "请求头过大。";
    500 "integrity_error": "Integrity error" / "完整性错误", "A stored value did not pass its integrity check; it is not shown." / "存储的数据未通过完整性校验，不予显示。";
    500 "internal_error": "Internal error" / "内部错误", "Something went wrong on our side; name the request_id when asking." / "服务内部错误，咨询时请提供 request_id。";
    503 "scanner_unavailable": "Scanner unavailable" / "扫描服务不可用", "Files are looked through before they are taken in, and the scanner does not answer." / "文件须先经安全扫描，而扫描服务无响应。";
    503 "audit_unavailable": "Audit log unavailable" / "审计日志不可用", "The audit log cannot be written, so nothing is shown or changed; try again later." / "审计日志无法写入，因此不提供任何数据或变更，请稍后重试。";
    503 "sso_provider_unavailable": "Sign-on provider unavailable" / "单点登录提供方不可用", "The sign-on provider cannot be reached, or what it publishes cannot be used; try again later." / "无法连接单点登录提供方，或其发布的信息不可用，请稍后重试。";
    503 "unavailable": "Unavailable" / "服务不可用", "The service is not ready; try again later." / "服务尚未就绪，请稍后重试。";
}

/// The kind of a code.
pub fn kind(code: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.code == code)
}

/// Every code, for the document, the pages under `/problems` and the tests.
pub fn problem_codes() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_snake_case_and_in_order_of_status() {
        let codes: BTreeSet<_> = problem_codes().collect();
        assert_eq!(codes.len(), KINDS.len());
        for kind in KINDS {
            assert!(kind.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", kind.code);
            assert!(!kind.title.zh.is_ascii() && !kind.detail.zh.is_ascii(), "{} lacks Chinese", kind.code);
            assert_eq!(kind.detail.en.contains("{}"), kind.detail.zh.contains("{}"), "{}", kind.code);
        }
        assert!(KINDS.is_sorted_by_key(|kind| kind.status));
    }
}
